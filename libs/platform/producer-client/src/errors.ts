import { PortError } from '@watchnext/errors';

/** Everything the client throws or reports. */
export class ProducerClientError extends PortError {}

/** What the client was made with cannot work. */
export class ProducerOptionError extends ProducerClientError {
  constructor(
    /** Of `ProducerClientOptions`. */
    readonly option: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${option}: ${reason}`, 'option', false, options);
  }
}

/** One event alone is larger than a batch may be. */
export class EventTooLargeError extends ProducerClientError {
  constructor(
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(`an event of ${sizeBytes} bytes; a batch may have ${limitBytes}`, 'event-too-large', false);
  }
}

/** What an event says cannot be written as one, by this client or any other. */
export class InvalidEventError extends ProducerClientError {
  constructor(reason: string, options?: ErrorOptions) {
    super(`an event that cannot be sent: ${reason}`, 'invalid-event', false, options);
  }
}

export class ClientClosedError extends ProducerClientError {
  constructor() {
    super('the client is closed', 'client-closed', false);
  }
}

/** A batch could not be delivered now; it will be tried again. */
export class DeliveryError extends ProducerClientError {
  constructor(
    /** What went wrong, without the words around it. */
    readonly detail: string,
    /** HTTP status; undefined when no answer came. */
    readonly status: number | undefined,
    /** Seconds that the server asked to wait; undefined when it did not. */
    readonly retryAfterSeconds: number | undefined,
    /** What the collector calls it, as "history-not-folded"; undefined where the answer was not its own. */
    readonly reason?: string,
    options?: ErrorOptions,
  ) {
    super(`events could not be delivered: ${detail}`, 'delivery', true, options);
  }
}

/** Closed, or waited long enough, with events that were neither delivered nor spooled. */
export class UndeliveredEventsError extends ProducerClientError {
  constructor(
    readonly eventCount: number,
    options?: ErrorOptions,
  ) {
    super(`${eventCount} events were not delivered in time`, 'undelivered-events', true, options);
  }
}

export class SpoolFullError extends ProducerClientError {
  constructor(
    readonly directory: string,
    readonly limitBytes: number,
  ) {
    super(
      `the spool ${directory} holds its limit of ${limitBytes} bytes, and the collector cannot be reached: ` +
        'wait, or let the spool be larger',
      'spool-full',
      true,
    );
  }
}

export class SpoolInUseError extends ProducerClientError {
  constructor(
    readonly directory: string,
    readonly processId: number,
  ) {
    super(
      `process ${processId} uses the spool ${directory}; give each client a folder of its own`,
      'spool-in-use',
      false,
    );
  }
}

/** The spool's disk failed; the cause says how. */
export class SpoolError extends ProducerClientError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'spool', true, options);
  }
}

/** Said once by a client, of the first event that it keeps: it is lost to nobody, and sent by nobody yet. */
export class TooOldEventsError extends ProducerClientError {
  constructor(readonly directory: string) {
    super(
      `the collector takes no event that is more than 24 hours old: those that waited longer are kept in ${directory}, and ` +
        'replayTooOld sends them as backfill',
      'too-old-events',
      false,
    );
  }
}

/** Said once by a client, of the first events that have no room among those kept as too old: nothing has them any more. */
export class TooOldFullError extends ProducerClientError {
  constructor(
    readonly directory: string,
    readonly limitBytes: number,
  ) {
    super(
      `${directory} holds its limit of ${limitBytes} bytes: events that waited for more than 24 hours are lost from now on, and counted ` +
        'as lostEvents. Let maxSpoolBytes be larger, or send what it holds by replayTooOld, which needs this client stopped',
      'too-old-full',
      false,
    );
  }
}

/** Bytes of the spool that are no records, set aside in `path`; the records around them stay and are delivered. */
export class SpoolDamagedError extends ProducerClientError {
  constructor(
    readonly path: string,
    readonly damagedBytes: number,
  ) {
    super(
      `${damagedBytes} bytes of the spool are damaged, and the events in them are lost: they are set aside in ${path}, and what is ` +
        'whole behind them goes on',
      'spool-damaged',
      false,
    );
  }
}
