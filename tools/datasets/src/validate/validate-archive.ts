/** Reads an archive once, user by user, and lets every check see it: before training, not instead of it. */
import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { readCatalogue } from '@watchnext/offline';
import { DatasetError } from '../dataset-error';
import { count } from '../read/words';
import type { Check, CheckClass, LoggedEvent, LogFacts } from './check';
import { ClockCheck } from './clocks';
import { CoverageCheck } from './coverage';
import { DriftCheck } from './drift';
import { DuplicateCheck } from './duplicates';
import { type Finding, judge, percent, share } from './finding';
import { JoinCheck } from './joins';
import { LargestUserCheck } from './largest-user';
import { OrderCheck } from './order';
import { playbacksOf } from './playbacks';
import { withoutRepetitions } from './repetitions';
import { RewatchCheck } from './rewatches';
import { WatchTimeCheck } from './watch-times';

const CHECKS: readonly CheckClass[] = [
  OrderCheck,
  DuplicateCheck,
  JoinCheck,
  ClockCheck,
  WatchTimeCheck,
  RewatchCheck,
  CoverageCheck,
  LargestUserCheck,
  DriftCheck,
];

export interface ValidationOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly nowMs?: number;
}

/** @throws DatasetError for an archive without activity, ArchiveCorruptError naming a file that cannot be read */
export async function validateArchive(archive: EventArchive, options: ValidationOptions = {}): Promise<Finding[]> {
  const { signal = new AbortController().signal, nowMs = Date.now() } = options;
  const { recordCount } = await archive.extent(TOPICS.activity);
  if (recordCount === 0) throw new DatasetError('the archive holds no activity');
  const { facts: catalogue } = await readCatalogue(archive, signal);
  const facts: LogFacts = { catalogue, nowMs };
  const checks: Check[] = CHECKS.map((CheckOf) => new CheckOf(facts));
  let userId: string | undefined;
  let logged: LoggedEvent[] = [];
  let [done, undecodable] = [0, 0];
  const endUser = () => {
    if (userId !== undefined) {
      const { events, ...repetitions } = withoutRepetitions(userId, logged);
      for (const check of checks) check.see({ userId, events, repetitions, playbacks: playbacksOf(events) });
    }
    logged = [];
  };
  for await (const records of archive.read(TOPICS.activity, { order: 'key' })) {
    signal.throwIfAborted();
    for (const { key, offset, value } of records) {
      if (key !== userId) {
        endUser();
        userId = key;
      }
      const event = decoded(value);
      if (event === undefined) undecodable += 1;
      else logged.push({ offset, event });
    }
    options.onProgress?.((done += records.length), recordCount);
  }
  endUser();
  return [readable(undecodable, recordCount), ...checks.flatMap((check) => check.findings())];
}

function decoded(value: Uint8Array): Event | undefined {
  try {
    return Event.decode(value);
  } catch {
    return undefined;
  }
}

function readable(undecodable: number, recordCount: number): Finding {
  const lost = share(undecodable, recordCount);
  return {
    check: 'readable',
    verdict: judge(lost, 0, 0.01),
    found: `${percent(lost)} of ${count(recordCount)} records are no events`,
    advice:
      lost > 0 ? 'Does something write to the topic past the contract? npm run dead-letters -- list shows them.' : '',
    numbers: { undecodable },
  };
}
