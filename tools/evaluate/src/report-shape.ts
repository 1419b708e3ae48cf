/** What every report of this version has, so that a damaged file is told from one that can be drawn. */

/** A name that ends with "?" may be absent; in a list all are alike. */
type Shape = 'string' | 'number' | readonly [Shape] | { readonly [name: string]: Shape };

const INTERVAL: Shape = ['number'];
const METRIC: Shape = [{ k: 'number', value: 'number', interval95: INTERVAL }];
const MEASURED: Shape = { value: 'number', interval95: INTERVAL };
const COMPARED: Shape = { gain: 'number', interval95: INTERVAL, verdict: 'string' };

const REPORT_SHAPE: Shape = {
  measuredAt: 'string',
  machine: { cpu: 'string', cores: 'number', node: 'string' },
  commit: 'string',
  command: ['string'],
  'candidates?': {
    source: 'string',
    protocol: 'string',
    seeds: ['number'],
    counts: {},
    cohortLimits: {},
    scorers: [
      {
        name: 'string',
        kind: 'string',
        askedAt: 'string',
        metrics: { recall: METRIC, precision: METRIC, hitRate: METRIC, ndcg: METRIC, map: METRIC },
        recallCurve: ['number'],
        coverage: 'number',
        noveltyBits: 'number',
        cohorts: [{ cohort: 'string', recall: METRIC }],
      },
    ],
  },
  'ranking?': {
    source: 'string',
    split: 'string',
    seeds: ['number'],
    counts: {},
    scorers: [
      {
        name: 'string',
        kind: 'string',
        orders: 'string',
        weightedPerUserLoss: MEASURED,
        clickAuc: 'number',
        groupedClickAuc: MEASURED,
      },
    ],
  },
  'paper?': {
    seeds: ['number'],
    logs: [
      {
        name: 'string',
        description: 'string',
        findings: [
          {
            part: 'string',
            title: 'string',
            claim: 'string',
            seeds: ['number'],
            forms: [{ name: 'string', bySeed: ['number'] }],
            orderings: [COMPARED],
          },
        ],
      },
    ],
  },
  'warmStart?': {
    source: 'string',
    seeds: ['number'],
    days: [{ from: 'string', trainingImpressions: 'number' }],
    pagesWithPairs: 'number',
    forms: [
      {
        name: 'string',
        lossBySeed: ['number'],
        lessThanAnew: { difference: 'number', interval95: INTERVAL },
        clickAuc: 'number',
        watchTimeMaeSeconds: 'number',
        calibration: [{}],
        stepsPerDay: 'number',
        processorSecondsPerDay: 'number',
        starts: [{}],
      },
    ],
  },
};

/** The first that a report lacks of what documents are made of, as "candidates.scorers"; undefined where it has all. */
export const missingOfReport = (report: unknown): string | undefined => missingOf(report, REPORT_SHAPE);

/** Where a value first differs from its shape, as "candidates.scorers"; undefined where it has all of it. */
function missingOf(value: unknown, shape: Shape, path = ''): string | undefined {
  if (typeof shape === 'string') return typeof value === shape ? undefined : path;
  const isList = Array.isArray(shape);
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== isList) return path;
  if (isList) return firstOf(value as unknown[], (one, i) => missingOf(one, shape[0] as Shape, `${path}[${i}]`));
  return firstOf(Object.entries(shape as Readonly<Record<string, Shape>>), ([key, of]) => {
    const name = key.replace(/\?$/, '');
    const inner = (value as Readonly<Record<string, unknown>>)[name];
    if (inner === undefined && name !== key) return undefined;
    return missingOf(inner, of, path === '' ? name : `${path}.${name}`);
  });
}

function firstOf<Item>(items: readonly Item[], find: (item: Item, i: number) => string | undefined) {
  for (const [i, item] of items.entries()) {
    const found = find(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}
