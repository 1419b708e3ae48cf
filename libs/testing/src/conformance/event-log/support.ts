/** What the parts of the suite share: the log under test, its topics, and records for them. */
import type { EventLog, NewRecord } from '@watchnext/event-log';

/** One log, empty at first, for one test. */
export interface EventLogUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<EventLog>;
  dispose(): Promise<void>;
}

export interface EventLogConformanceOptions {
  /** Superseded records of a compacted topic are gone as soon as the newer one is written. */
  readonly compactsAtOnce: boolean;
  /** More than the log takes in one record; undefined: it takes any. */
  readonly tooLargeBytes?: number;
}

/** What the parts of the suite are given. */
export interface EventLogSuite {
  readonly options: EventLogConformanceOptions;
  /** A test with the suite's limit of time, of a log with both topics. */
  spec(name: string, body: (under: LogOfSpec) => Promise<void>): void;
}

/** The log of the test that runs. */
export interface LogOfSpec {
  readonly store: EventLogUnderTest;
  /** A handle of it. */
  readonly log: EventLog;
}

export const TOPIC = { name: 'conformance.plain.v1', partitionCount: 4 };
export const COMPACTED = { name: 'conformance.compacted.v1', partitionCount: 1, compacted: true };

export const record = (key: string, value: string, timestampMs?: number): NewRecord => ({
  key,
  value: Buffer.from(value),
  ...(timestampMs === undefined ? {} : { timestampMs }),
});
export const numbered = (count: number, prefix = 'r'): NewRecord[] =>
  Array.from({ length: count }, (_, i) => record(`user-${i % 13}`, `${prefix}${i}`));
