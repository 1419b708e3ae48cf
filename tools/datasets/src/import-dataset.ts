/** Imports a data set through a collector: what the command line and other tools call. */
import { ProducerClient, type Rejection } from '@watchnext/producer-client';
import { importEvents, type ImportResult } from './import';
import { DatasetError, type ImportOptions } from './importer';
import { IMPORTERS } from './importers';

export interface ImportDatasetOptions extends Omit<ImportOptions, 'badRows'> {
  /** The collector's address, as http://127.0.0.1:7001; a gateway's serves as well. */
  readonly url: string;
  /** Counts what the collector has taken. */
  readonly onSent?: (done: number, total: number) => void;
  /** Called for each try that failed; it is repeated. */
  readonly onRetry?: (error: Error) => void;
  /** The import fails when the collector has taken nothing for so long; default 60,000. */
  readonly giveUpAfterMs?: number;
}

export interface ImportDatasetResult extends ImportResult {
  /** Events that the collector refused, and why the first ones. */
  readonly rejected: { readonly count: number; readonly first: readonly string[] };
}

const REJECTIONS_KEPT = 5;
const GIVE_UP_AFTER_MS = 60_000;
/** Of what waits when the import ends early, nothing more is delivered. */
const CLOSE_LIMIT_MS = 500;

/**
 * @param name one of `IMPORTERS`
 * @throws DatasetError for an unknown name, a missing file or column; Error when the collector cannot be reached
 */
export async function importDataset(
  name: string,
  path: string,
  options: ImportDatasetOptions,
): Promise<ImportDatasetResult> {
  const importer = IMPORTERS.get(name);
  if (importer === undefined)
    throw new DatasetError(`there is no importer for ${name}, but for ${[...IMPORTERS.keys()].join(', ')}`);
  const { giveUpAfterMs = GIVE_UP_AFTER_MS } = options;
  const first: string[] = [];
  let count = 0;
  let lastSuccessMs = Date.now();
  let giveUp: (error: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => (giveUp = reject));
  // Nobody may be waiting for it yet, or any more.
  givenUp.catch(() => undefined);
  const client = new ProducerClient({
    url: options.url,
    producer: `import:${name}`,
    onRejected: (rejection) => {
      if (++count <= REJECTIONS_KEPT) first.push(describeRejection(rejection));
    },
    onError: (error) => {
      options.onRetry?.(error);
      if (Date.now() - lastSuccessMs >= giveUpAfterMs) giveUp(unreachable(options.url, giveUpAfterMs, error));
    },
  });
  const importing = importEvents(importer, path, client, {
    ...options,
    onLoaded: (summary) => {
      lastSuccessMs = Date.now();
      options.onLoaded?.(summary);
    },
    onSent: (done, total) => {
      lastSuccessMs = Date.now();
      options.onSent?.(done, total);
    },
  });
  try {
    const result = await Promise.race([importing, givenUp]);
    await client.close();
    return { ...result, rejected: { count, first } };
  } catch (error) {
    importing.catch(() => undefined);
    await client.close(CLOSE_LIMIT_MS).catch(() => undefined);
    throw error;
  }
}

function unreachable(url: string, waitedMs: number, error: Error): Error {
  // fetch says only that it failed; the innermost cause says why.
  let innermost: { readonly message: string; readonly cause?: unknown } = error;
  while (typeof innermost.cause === 'object' && innermost.cause !== null) innermost = innermost.cause as Error;
  return new Error(`the collector at ${url} has taken nothing for ${waitedMs / 1_000} s: ${innermost.message}`, {
    cause: error,
  });
}

function describeRejection({ event, field, reason }: Rejection): string {
  return `${event.eventId}: ${[field, reason].filter(Boolean).join(': ')}`;
}
