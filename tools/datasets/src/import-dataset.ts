/** Imports a data set through a collector: what the command line and other tools call. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientCertificates, DeliveryError, ProducerClient, type Rejection } from '@watchnext/producer-client';
import type { Refused } from './archive-sink';
import { DatasetError } from './dataset-error';
import { describeFailure } from './full-disk';
import { fingerprintOf } from './fingerprint';
import { type EventSink, importEvents, type ImportEventsOptions, type ImportResult } from './import';
import { importerNamed } from './importers';

export interface ImportDatasetOptions extends Omit<ImportEventsOptions, 'alreadySent' | 'onSent' | 'staging'> {
  /** The collector's address, as http://127.0.0.1:7001; a gateway's serves as well. */
  readonly url: string;
  /** For a collector that asks for keys. */
  readonly apiKey?: string;
  /** For a collector that asks for certificates. */
  readonly tls?: ClientCertificates;
  /**
   * Keeps here what was read, and how much of it the collector has taken, until all is: the same import goes on from
   * there. Default: nothing is kept.
   */
  readonly workFolder?: string;
  /** Sends all of what a `workFolder` has, also what was taken before: the system behind the address may be another one. */
  readonly anew?: boolean;
  /** Called before anything else where the import goes on, with how many events were taken before; they are not sent. */
  readonly onResumed?: (takenCount: number) => void;
  /** Counts what the collector has confirmed in this run. */
  readonly onSent?: (done: number, total: number) => void;
  /** Called for each try that failed; it is repeated. */
  readonly onRetry?: (error: Error) => void;
  /** The import fails when the collector has taken nothing for so long; default 60,000. */
  readonly giveUpAfterMs?: number;
  /** Milliseconds by which that is told; default Date.now. */
  readonly clock?: () => number;
}

export interface ImportDatasetResult extends ImportResult {
  /** Events that the collector refused, and why the first ones. */
  readonly rejected: Refused;
}

const REJECTIONS_KEPT = 5;
const GIVE_UP_AFTER_MS = 60_000;
/** Of what waits when the import ends early, nothing more is delivered. */
const CLOSE_LIMIT_MS = 500;

/**
 * @param name one of `IMPORTERS`
 * @throws DatasetError for an unknown name, a missing file or column; ProducerOptionError for an address or certificates that cannot
 * work; Error when the collector cannot be reached
 */
export async function importDataset(
  name: string,
  path: string,
  options: ImportDatasetOptions,
): Promise<ImportDatasetResult> {
  const importer = importerNamed(name);
  const { giveUpAfterMs = GIVE_UP_AFTER_MS, clock = Date.now, workFolder } = options;
  const progress =
    workFolder === undefined
      ? undefined
      : await SentProgress.open(workFolder, await fingerprintOf(importer, path, options), options.anew);
  const alreadySent = progress?.sent ?? 0;
  if (alreadySent > 0) options.onResumed?.(alreadySent);
  const first: string[] = [];
  let count = 0;
  /** Of the last answer, at first of the first event sent: reading, and passing over what was taken before, may take any time. */
  let lastSuccessMs: number | undefined;
  let taken = 0;
  let giveUp: (error: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => (giveUp = reject));
  // Nobody may be waiting for it yet, or any more.
  givenUp.catch(() => undefined);
  const client = new ProducerClient({
    url: options.url,
    apiKey: options.apiKey,
    tls: options.tls,
    producer: `import:${name}`,
    onRejected: (rejection) => {
      if (++count <= REJECTIONS_KEPT) first.push(describeRejection(rejection));
    },
    onError: (error) => {
      options.onRetry?.(error);
      // Between two flushes are thousands of events: with a key that may send only so many a minute, more than the limit.
      const { acceptedEvents, duplicateEvents, rejectedEvents } = client.statistics();
      const answered = acceptedEvents + duplicateEvents + rejectedEvents;
      if (answered > taken) lastSuccessMs = clock();
      taken = answered;
      if (lastSuccessMs !== undefined && clock() - lastSuccessMs >= giveUpAfterMs)
        giveUp(unreachable(options.url, giveUpAfterMs, error));
    },
  });
  const sink: EventSink = {
    send: (event) => {
      lastSuccessMs ??= clock();
      return client.send(event);
    },
    flush: () => client.flush(),
  };
  const importing = importEvents(importer, path, sink, {
    ...options,
    staging: progress?.stagingFolder,
    alreadySent,
    onSent: (done, total) => {
      progress?.note(done);
      options.onSent?.(done - alreadySent, total - alreadySent);
    },
  });
  try {
    const result = await Promise.race([importing, givenUp]);
    await client.close();
    await progress?.remove();
    return { ...result, rejected: { count, first } };
  } catch (error) {
    importing.catch(() => undefined);
    await client.close(CLOSE_LIMIT_MS).catch(() => undefined);
    if (error instanceof DatasetError) await progress?.remove();
    throw describeFailure(error, workFolder ?? 'temporary files');
  }
}

/** How many events have been taken, kept through a kill. */
class SentProgress {
  private writing = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly file: string,
    readonly sent: number,
  ) {}

  /**
   * @param fingerprint of what is sent: of other files, or of the same sent otherwise, nothing has been taken yet
   * @param anew forgets what was taken: a run without it, after one with it that was cut off, must not go on from there
   */
  static async open(folder: string, fingerprint: string, anew = false): Promise<SentProgress> {
    await mkdir(folder, { recursive: true });
    const file = join(folder, `sent-${fingerprint}`);
    if (anew) await rm(file, { force: true });
    const text = await readFile(file, 'utf8').catch(() => '0');
    return new SentProgress(folder, file, /^\d+$/.test(text) ? Number(text) : 0);
  }

  get stagingFolder(): string {
    return join(this.folder, 'staging');
  }

  /** Not flushed, which each batch would wait for: after a loss of power too, events that are sent again do no harm. */
  note(sent: number): void {
    const { file } = this;
    this.writing = this.writing
      .then(() => writeFile(`${file}.new`, String(sent)))
      .then(() => rename(`${file}.new`, file))
      // Then a later import sends these again; the states know their ids.
      .catch(() => undefined);
  }

  async remove(): Promise<void> {
    await this.writing;
    await rm(this.folder, { recursive: true, force: true });
  }
}

function unreachable(url: string, waitedMs: number, error: Error): Error {
  const reason = error instanceof DeliveryError ? error.detail : error.message;
  return new Error(`the collector at ${url} has taken nothing for ${waitedMs / 1_000} s: ${reason}`, { cause: error });
}

/** As "ID: field: reason". */
export function describeRejection({ event, field, reason }: Rejection): string {
  return `${event.eventId}: ${[field, reason].filter(Boolean).join(': ')}`;
}
