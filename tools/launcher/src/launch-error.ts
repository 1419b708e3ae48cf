/** The system cannot be started or kept up; the message is for a person and says what to do. */
export class LaunchError extends Error {
  constructor(
    message: string,
    /** What the person can do about it; one line. */
    readonly remedy: string = '',
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'LaunchError';
  }
}
