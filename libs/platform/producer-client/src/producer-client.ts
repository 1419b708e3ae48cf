/**
 * The client through which producers send events.
 *
 * Events wait in a buffer, go out in batches one after the other, and are answered one by one; their order is kept.
 * What fails is tried again until it is answered: an event's id makes a second delivery harmless.
 *
 * With a spool, after a few failures in a row all that waits moves to disk, and from then on goes through the disk
 * until it is empty again. Without one, the buffer fills and `send` waits. What is only in the buffer is lost with the
 * process: `flush` tells when it has been delivered.
 */
import { API_KEY_HEADER, Event } from '@watchnext/contract';
import type { HttpClient } from '@watchnext/http-client';
import { backOffMs } from './back-off';
import { callBack } from './call-back';
import { encodeEvent } from './encode-event';
import {
  ClientClosedError,
  DeliveryError,
  EventTooLargeError,
  ProducerClientError,
  UndeliveredEventsError,
} from './errors';
import { type DEFAULTS, type ProducerClientOptions, type ProducerStatistics, withDefaults } from './options';
import { Signal } from './signal';
import { Spool } from './spool';
import { TooOldEvents } from './too-old';
import { collectorClient, framedLength, type ItemResult, type Outcome, postBatch } from './transport';

/** Of a body (RFC 9110, 15.5.14). */
const HTTP_TOO_LARGE = 413;
/** Of a collector that waited in vain for what an anonymous viewer did before a login (docs/decisions/0144). */
const HISTORY_NOT_FOLDED = 'history-not-folded';
/** Of an event that waited for more than a day and is no backfill. */
const TOO_OLD = 'too-old';

interface Batch {
  readonly records: readonly Uint8Array[];
  /** Takes the records out of where they wait. */
  remove(): Promise<void>;
}

export class ProducerClient {
  private readonly options: ProducerClientOptions & typeof DEFAULTS;
  private readonly client: HttpClient;
  private readonly headers: Record<string, string>;
  private buffer: Uint8Array[] = [];
  private bufferedBytes = 0;
  /** Sends that wait for room, in order. */
  private waiting: { record: Uint8Array; resolve: () => void; reject: (error: Error) => void }[] = [];
  /** When the oldest event of the buffer must go out. */
  private dueAtMs = Infinity;
  private readonly workArrived = new Signal();
  private readonly progressed = new Signal();
  /** Undefined until opened, or without a spool. */
  private spool: Spool | undefined;
  /** Undefined without a spool. */
  private readonly tooOld: TooOldEvents | undefined;
  private isSpooling = false;
  private moving: Promise<void> | undefined;
  private spoolError: ProducerClientError | undefined;
  private fatalError: ProducerClientError | undefined;
  /** How many events a batch may have now: fewer than allowed while an offender is searched for, or what passes a proxy. */
  private batchLimit: number;
  private enteredCount = 0;
  private settledCount = 0;
  private flushesWaiting = 0;
  private counts = { accepted: 0, duplicate: 0, rejected: 0, failedTries: 0 };
  private readonly abort = new AbortController();
  /** Settles once the spool is known, or known to be unusable. */
  private readonly opened: Promise<void>;
  private readonly running: Promise<void>;
  private closing: Promise<void> | undefined;

  /** @throws ProducerOptionError */
  constructor(options: ProducerClientOptions) {
    this.options = withDefaults(options);
    this.client = collectorClient(options.url, options.tls);
    this.headers = options.apiKey === undefined ? {} : { [API_KEY_HEADER]: options.apiKey };
    this.batchLimit = this.options.maxBatchEvents;
    const { spoolDirectory, maxSpoolBytes } = this.options;
    if (spoolDirectory !== undefined)
      this.tooOld = new TooOldEvents(spoolDirectory, maxSpoolBytes, (error) => this.report(error, undefined));
    this.opened = this.openSpool();
    this.running = this.opened.then(() => this.run());
  }

  /**
   * Resolves once the event is in the buffer, which may take until there is room.
   * @throws InvalidEventError, EventTooLargeError, ClientClosedError; SpoolFullError or SpoolError while neither buffer nor spool has
   * room; SpoolInUseError
   */
  async send(event: Event): Promise<void> {
    const { producer, maxBatchBytes } = this.options;
    const record = encodeEvent(event.producer === '' ? { ...event, producer } : event);
    if (framedLength(record) > maxBatchBytes) throw new EventTooLargeError(framedLength(record), maxBatchBytes);
    if (this.closing) throw new ClientClosedError();
    if (this.fatalError) throw this.fatalError;
    if (this.waiting.length === 0 && this.hasRoom()) return this.admit(record);
    if (this.spoolError) throw this.spoolError;
    await new Promise<void>((resolve, reject) => this.waiting.push({ record, resolve, reject }));
  }

  /**
   * Resolves once every event sent before has been delivered or rejected, the spooled ones too.
   * @throws UndeliveredEventsError after `timeoutMs` (default: never)
   */
  async flush(timeoutMs = Infinity): Promise<void> {
    // What an earlier client spooled goes first, so it has to be counted.
    await this.opened;
    const target = this.enteredCount;
    const deadline = performance.now() + timeoutMs;
    this.flushesWaiting += 1;
    this.workArrived.notify();
    try {
      while (this.settledCount < target) {
        if (this.fatalError) throw this.fatalError;
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) throw new UndeliveredEventsError(target - this.settledCount);
        await this.progressed.wait(Number.isFinite(leftMs) ? leftMs : undefined);
      }
    } finally {
      this.flushesWaiting -= 1;
    }
  }

  /**
   * Takes no more events, delivers what waits for up to `timeoutMs` (default 10,000), and leaves the rest in the spool.
   * @throws UndeliveredEventsError when there is no spool to leave it in
   */
  close(timeoutMs = 10_000): Promise<void> {
    this.closing ??= this.shutDown(timeoutMs);
    return this.closing;
  }

  statistics(): ProducerStatistics {
    return {
      acceptedEvents: this.counts.accepted,
      duplicateEvents: this.counts.duplicate,
      rejectedEvents: this.counts.rejected,
      keptEvents: this.tooOld?.keptCount ?? 0,
      lostEvents: this.tooOld?.lostCount ?? 0,
      pendingEvents: this.enteredCount - this.settledCount,
      spooledEvents: this.spool?.recordCount ?? 0,
      failedTries: this.counts.failedTries,
    };
  }

  private async shutDown(timeoutMs: number): Promise<void> {
    // Not before `this.closing` is set: waiting senders look at it when they wake.
    await Promise.resolve();
    this.admitWaiting();
    const flushed = await this.flush(timeoutMs).then(
      () => undefined,
      (error: unknown) => error,
    );
    this.abort.abort();
    this.workArrived.notify();
    await this.running;
    this.client.close();
    if (flushed !== undefined && this.spool) {
      this.isSpooling = true;
      await this.moveToSpool();
    }
    await this.spool?.close();
    await this.tooOld?.close();
    if (this.buffer.length > 0)
      throw new UndeliveredEventsError(this.buffer.length, { cause: this.spoolError ?? flushed });
  }

  private admit(record: Uint8Array): void {
    if (this.buffer.length === 0) this.dueAtMs = performance.now() + this.options.lingerMs;
    this.buffer.push(record);
    this.bufferedBytes += record.length;
    this.enteredCount += 1;
    if (this.isSpooling && this.spoolError === undefined) void this.moveToSpool();
    // The sender sleeps while there is nothing, or only a part of a batch; it wants to know when that changes.
    if (this.buffer.length === 1 || this.isBatchFull()) this.workArrived.notify();
  }

  /** Lets waiting sends in while there is room, and tells them when there never will be. */
  private admitWaiting(): void {
    const refusal = this.closing ? new ClientClosedError() : this.fatalError;
    while (this.waiting.length > 0) {
      const error = refusal ?? (this.hasRoom() ? undefined : this.spoolError);
      if (error === undefined && !this.hasRoom()) return;
      const { record, resolve, reject } = this.waiting.shift() as (typeof this.waiting)[number];
      if (error) {
        reject(error);
      } else {
        this.admit(record);
        resolve();
      }
    }
  }

  private hasRoom(): boolean {
    return this.buffer.length < this.options.maxBufferedEvents && this.bufferedBytes < this.options.maxBufferedBytes;
  }

  private isBatchFull(): boolean {
    return this.buffer.length >= this.batchLimit || this.bufferedBytes >= this.options.maxBatchBytes;
  }

  private async openSpool(): Promise<void> {
    const { spoolDirectory, maxSpoolBytes } = this.options;
    if (spoolDirectory === undefined) return;
    try {
      this.spool = await Spool.open({
        directory: spoolDirectory,
        limitBytes: maxSpoolBytes,
        onDamaged: (error) => this.report(error, undefined),
      });
    } catch (error) {
      // A spool that cannot be used is a mistake to hear of at once, not after the first outage.
      this.fatalError = error as ProducerClientError;
      this.report(this.fatalError, undefined);
      this.admitWaiting();
      return;
    }
    this.enteredCount += this.spool.recordCount;
    this.isSpooling = !this.spool.isEmpty;
    if (this.isSpooling) void this.moveToSpool();
  }

  private async run(): Promise<void> {
    let failureCount = 0;
    while (!this.abort.signal.aborted && this.fatalError === undefined) {
      let failure: ProducerClientError | undefined;
      try {
        failure = await this.deliverNext();
      } catch (error) {
        // The spool could not be read or moved on: what it holds stays, and is tried again.
        failure = asClientError(error);
      }
      failureCount = failure ? failureCount + 1 : 0;
      if (failure && !this.abort.signal.aborted) await this.waitAfterFailure(failure, failureCount);
    }
  }

  /** Sends one batch, if one is due. @returns why it could not be delivered now */
  private async deliverNext(): Promise<DeliveryError | undefined> {
    const batch = await this.nextBatch();
    if (batch === undefined) return undefined;
    const outcome = await postBatch(batch.records, this.transport(), this.abort.signal);
    if (outcome.kind !== 'failed') {
      await this.settle(batch, outcome);
      return undefined;
    }
    // The logins of a batch wait together: fewer of them have more time each.
    if (outcome.error.reason === HISTORY_NOT_FOLDED) this.halve(batch);
    // A proxy lets smaller ones through, perhaps; what it says of one event alone is no reason to lose it.
    if (outcome.error.status !== HTTP_TOO_LARGE || batch.records.length === 1) return outcome.error;
    this.halve(batch);
    return undefined;
  }

  /** The batch to send next; undefined to ask again. */
  private async nextBatch(): Promise<Batch | undefined> {
    if (this.isSpooling && this.spool) return this.nextSpooledBatch(this.spool);
    const waitMs = this.dueAtMs - performance.now();
    if (this.buffer.length === 0 || (!this.isBatchFull() && waitMs > 0 && this.flushesWaiting === 0)) {
      await this.workArrived.wait(this.buffer.length === 0 ? undefined : waitMs);
      return undefined;
    }
    let bytes = 0;
    let count = 0;
    while (count < Math.min(this.batchLimit, this.buffer.length)) {
      bytes += framedLength(this.buffer[count] as Uint8Array);
      if (count > 0 && bytes > this.options.maxBatchBytes) break;
      count += 1;
    }
    return { records: this.buffer.slice(0, count), remove: async () => void this.takeFromBuffer(count) };
  }

  private async nextSpooledBatch(spool: Spool): Promise<Batch | undefined> {
    if (spool.isEmpty && this.moving === undefined) {
      // Nothing overtakes: what is in the buffer came after all that was on disk.
      this.isSpooling = false;
      return undefined;
    }
    await this.moving;
    // Half of the limit leaves room for what a batch adds to each record.
    const { records, end } = await spool.read(this.batchLimit, this.options.maxBatchBytes / 2);
    if (records.length === 0) return undefined;
    return { records, remove: () => spool.advance(records.length, end) };
  }

  private takeFromBuffer(count: number): Uint8Array[] {
    const taken = this.buffer.splice(0, count);
    this.bufferedBytes -= taken.reduce((sum, record) => sum + record.length, 0);
    this.dueAtMs = this.buffer.length === 0 ? Infinity : performance.now() + this.options.lingerMs;
    this.admitWaiting();
    return taken;
  }

  private async settle(batch: Batch, outcome: Exclude<Outcome, { kind: 'failed' }>): Promise<void> {
    if (outcome.kind === 'refused' && batch.records.length > 1) {
      // One of them is the cause: halves find it, and the others pass.
      this.halve(batch);
      return;
    }
    // Kept before it goes: a crash in between has it sent, and kept, again.
    if (outcome.kind === 'answered') await this.tooOld?.keep(tooOldOf(batch.records, outcome.results));
    await batch.remove();
    this.settledCount += batch.records.length;
    this.batchLimit = Math.min(this.batchLimit * 2, this.options.maxBatchEvents);
    // There may be room again for what could not be spooled.
    this.spoolError = undefined;
    if (this.isSpooling) void this.moveToSpool();
    if (outcome.kind === 'refused') this.reject(batch.records[0] as Uint8Array, outcome);
    else this.countResults(batch.records, outcome.results);
    this.progressed.notify();
    this.admitWaiting();
  }

  /** Has the events of a batch sent again, in smaller ones. */
  private halve(batch: Batch): void {
    this.batchLimit = Math.ceil(batch.records.length / 2);
  }

  private countResults(records: readonly Uint8Array[], results: readonly ItemResult[]): void {
    for (const { index, status, code, reason, field } of results) {
      if (status === 'accepted') this.counts.accepted += 1;
      else if (status === 'duplicate') this.counts.duplicate += 1;
      else this.reject(records[index] as Uint8Array, { code: code ?? 'rejected', reason: reason ?? '', field });
    }
  }

  private reject(record: Uint8Array, verdict: { code: string; reason: string; field?: string }): void {
    this.counts.rejected += 1;
    const { code, reason, field } = verdict;
    callBack(() => this.options.onRejected?.({ event: Event.decode(record), code, reason, field }));
  }

  private async waitAfterFailure(error: ProducerClientError, failureCount: number): Promise<void> {
    this.counts.failedTries += 1;
    const retryAfterSeconds = error instanceof DeliveryError ? error.retryAfterSeconds : undefined;
    const { retryBaseMs, retryCapMs, spoolAfterFailures } = this.options;
    const waitMs = backOffMs(failureCount, retryAfterSeconds, { baseMs: retryBaseMs, capMs: retryCapMs });
    this.report(error, waitMs);
    if (this.spool && failureCount >= spoolAfterFailures) {
      this.isSpooling = true;
      await this.moveToSpool();
    }
    const retryAtMs = performance.now() + waitMs;
    while (!this.abort.signal.aborted && performance.now() < retryAtMs)
      await this.workArrived.wait(retryAtMs - performance.now());
  }

  /** Moves the buffer to disk, in order and one move at a time; what has no room there stays. */
  private moveToSpool(): Promise<void> {
    this.moving ??= this.moveAll().finally(() => (this.moving = undefined));
    return this.moving;
  }

  private async moveAll(): Promise<void> {
    while (this.spool && this.buffer.length > 0) {
      const records = this.buffer.slice(0, this.options.maxBatchEvents);
      try {
        await this.spool.append(records);
      } catch (error) {
        this.spoolError = error as ProducerClientError;
        this.report(this.spoolError, undefined);
        this.admitWaiting();
        return;
      }
      this.takeFromBuffer(records.length);
    }
  }

  private transport() {
    return { client: this.client, headers: this.headers, timeoutMs: this.options.requestTimeoutMs };
  }

  private report(error: ProducerClientError, retryInMs: number | undefined): void {
    callBack(() => this.options.onError?.(error, retryInMs));
  }
}

function tooOldOf(records: readonly Uint8Array[], results: readonly ItemResult[]): Uint8Array[] {
  return results.filter(({ code }) => code === TOO_OLD).map(({ index }) => records[index] as Uint8Array);
}

function asClientError(error: unknown): ProducerClientError {
  if (error instanceof ProducerClientError) return error;
  return new ProducerClientError(String(error), 'unexpected', true, { cause: error });
}
