/** Where the thread of a replay spends its time, by the files that its functions stand in. */
import { Session, type Profiler } from 'node:inspector/promises';

const SAMPLING_INTERVAL_US = 500;

/** The first whose pattern is found in a function's file, or, of what has none, in its name. */
const PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  ['garbage collection', /^\(garbage collector\)$/],
  ['waiting', /^\(idle\)$/],
  ['reading', /event-archive\/|@duckdb\//],
  ['decoding', /offline\/\w+\/(event-|wire-|shared-|user-records)|contract\/|bufbuild|utf8Slice/],
  ['checking', /features\/\w+\/(event-checks|field-checks|refusal|uuid)/],
  [
    'folding',
    /features\/\w+\/(reducer|affinities|exposures|watches|keyed-lists|seen-events|searches|tokenize|hash|merge|state-codec)/,
  ],
  ['features of ranking', /features\/\w+\/(ranking-features|places-of|number-arrays)/],
  ['counts by key and day', /features\/\w+\/(daily-counts|day-blocks|statistics)/],
  ['labels, histories, order', /features\//],
  ['examples into columns, facts', /offline\//],
];
const OTHER = 'other';

export interface PartOfTime {
  readonly part: string;
  readonly seconds: number;
}

/** Runs `work` under the sampling profiler, which costs a few percent itself. @returns the parts of this thread, most first */
export async function timeByPart(work: () => Promise<void>): Promise<PartOfTime[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    return partsOf(profile);
  } finally {
    session.disconnect();
  }
}

export function partsOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): PartOfTime[] {
  const partOfNode = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame.url || callFrame.functionName)]));
  const microseconds = new Map<string, number>();
  samples.forEach((node, i) => {
    const part = partOfNode.get(node) ?? OTHER;
    microseconds.set(part, (microseconds.get(part) ?? 0) + timeDeltas[i]);
  });
  return [...microseconds]
    .map(([part, time]) => ({ part, seconds: time / 1e6 }))
    .sort((left, right) => right.seconds - left.seconds);
}

function partOf(place: string): string {
  return PARTS.find(([, pattern]) => pattern.test(place))?.[0] ?? OTHER;
}
