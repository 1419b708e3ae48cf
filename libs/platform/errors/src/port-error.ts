/**
 * What all errors of ports and clients have. Each port derives a class of its own, and its errors from that, so that `instanceof`
 * tells whose error it is; `name` is that of the class.
 */
export abstract class PortError extends Error {
  /**
   * @param code what failed, for programs: stays as it is when the message changes
   * @param retriable whether the same call may succeed later, with nothing changed
   */
  constructor(
    message: string,
    readonly code: string,
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}
