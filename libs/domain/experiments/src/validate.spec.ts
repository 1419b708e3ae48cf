import { experimentJson, fileJson, fileOf } from '../test/builders';
import { checkExperiments, ExperimentsError, parseExperiments, pinnedSnapshots } from './validate';

const problemsOf = (value: unknown): readonly string[] => {
  try {
    checkExperiments(value);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentsError);
    return (error as ExperimentsError).problems;
  }
};
const problemsWith = (overrides: Record<string, unknown>) => problemsOf(fileJson(experimentJson(overrides)));
const snapshots = (...ids: string[]) => [
  { name: 'control', share: 0.1 },
  ...ids.map((snapshotId, index) => ({ name: `v${index}`, share: 0.1, serving: { snapshotId } })),
];

describe('a file of experiments', () => {
  it('is taken when it is whole, with its defaults', () => {
    const [experiment] = fileOf(experimentJson()).experiments;
    expect(experiment).toMatchObject({
      unit: 'user',
      design: 'split',
      layerPart: [0, 1],
      start: Date.UTC(2026, 10, 1),
      primaryMetric: 'watchSecondsPerUser',
      alpha: 0.05,
      testers: {},
    });
    expect(experiment.variants[0].serving).toEqual({});
  });

  it('that is no JSON is refused', () => {
    expect(() => parseExperiments('{')).toThrow(/it is no JSON/);
    expect(parseExperiments(JSON.stringify(fileJson())).experiments).toEqual([]);
  });

  it.each([
    [{ hypothesis: ' ' }, /experiments\[0\]\.hypothesis \(first\): must say something/],
    [{ name: 'Not Good' }, /experiments\[0\]\.name/],
    [{ start: 'yesterday' }, /start .*must be a time with its zone/],
    [{ start: '2026-12-01T00:00:00Z' }, /first\.stop: must be after the start/],
    [{ layer: 'nowhere' }, /first\.layer: there is no layer nowhere/],
    [{ layerPart: [0.5, 0.5] }, /first\.layerPart: must begin before it ends/],
    [{ unit: 'session' }, /unit/],
    [{ alpha: 0.7 }, /alpha/],
    [{ primaryMetric: 'money' }, /primaryMetric/],
    [{ guardrails: [{ metric: 'latencyMs' }] }, /guardrails\[0\]\.mostHarm/],
    [{ guardrails: [{ metric: 'latencyMs', mostHarm: 0 }] }, /guardrails\[0\]\.mostHarm.*: must be above 0$/],
    [{ guardrails: [{ metric: 'listsPerUser', mostHarm: 1 }] }, /first\.guardrails\[0\]\.mostHarm: must be below 1/],
    [
      { guardrails: [0.1, 0.2].map((mostHarm) => ({ metric: 'latencyMs', mostHarm })) },
      /first\.guardrails: latencyMs is there more than once/,
    ],
    [{ surprise: 1 }, /\(first\): there is no "surprise"; there are name, hypothesis, .*, testers$/m],
    [{ audience: { coutries: ['DE'] } }, /there is no "coutries"; there are surfaces, countries, /],
    [{ salt: undefined }, /salt \(first\): is missing, string is wanted/],
    [{ alpha: 0 }, /alpha \(first\): must be above 0/],
    [{ minimumLift: 11 }, /minimumLift \(first\): must be at most 10/],
    [{ audience: { devices: [] } }, /devices \(first\): must have at least 1/],
    [{ testers: { tess: 'other' } }, /first\.testers\.tess: there is no variant other/],
    [{ audience: { minimumWatchCount: 5, maximumWatchCount: 4 } }, /nobody fits/],
    [{ variants: [{ name: 'a', share: 1 }] }, /at least two variants/],
    [
      {
        variants: [
          { name: 'a', share: 0.6 },
          { name: 'b', share: 0.6 },
        ],
      },
      /shares sum to 1.2/,
    ],
    [
      {
        variants: [
          { name: 'a', share: 0 },
          { name: 'b', share: 0 },
        ],
      },
      /first\.variants: no variant has a share/,
    ],
    [
      {
        variants: [
          { name: 'a', share: 0 },
          { name: 'b', share: 0.5 },
        ],
      },
      /first\.variants: a, the first, is the control and has no share/,
    ],
    [
      {
        variants: [
          { name: 'a', share: 0.5 },
          { name: 'a', share: 0.5 },
        ],
      },
      /a is there more than once/,
    ],
    [
      {
        variants: [
          { name: 'a', share: 0.5 },
          { name: 'b', share: 0.5, serving: { chanelCap: 3 } },
        ],
      },
      /chanelCap/,
    ],
    [
      {
        variants: [
          { name: 'a', share: 0.5 },
          { name: 'b', share: 0.5, serving: { rung: 'memory-popular', snapshotId: 's' } },
        ],
      },
      /uses no snapshot/,
    ],
    [
      { design: 'interleaved', variants: ['a', 'b', 'c'].map((name) => ({ name, share: 0.3 })) },
      /exactly two variants/,
    ],
    ...[
      { rung: 'retrieval-order' },
      { channelCap: 3 },
      { topicCap: 3 },
      { freshExploration: { position: 1, poolSize: 2, epsilon: 0.1 } },
      { exploration: { position: 1, poolSize: 2, epsilon: 0.1 } },
    ].map((serving): [Record<string, unknown>, RegExp] => [
      {
        design: 'interleaved',
        variants: [
          { name: 'a', share: 0.5 },
          { name: 'b', share: 0.5, serving },
        ],
      },
      new RegExp(`variants\\[1\\]\\.serving\\.${Object.keys(serving)[0]}: .*leave it out`),
    ]),
  ])('names what is wrong: %j', (overrides, message) => {
    const problems = problemsWith(overrides);
    expect(problems.some((problem) => message.test(problem))).toBe(true);
  });

  it('tells all problems at once', () => {
    expect(problemsWith({ layer: 'nowhere', start: '2027-01-01T00:00:00Z', layerPart: [1, 0] })).toHaveLength(3);
  });

  it('keeps experiments of one layer apart, unless they run at different times', () => {
    const other = (more: Record<string, unknown>) =>
      fileJson(experimentJson(), experimentJson({ name: 'second', ...more }));
    expect(problemsOf(other({}))[0]).toMatch(/first\.layerPart: overlaps with that of second/);
    expect(problemsOf(other({ start: '2026-12-01T00:00:00Z', stop: '2026-12-02T00:00:00Z' }))).toEqual([]);
  });

  it('lets no tester be in two experiments of a layer at one time', () => {
    const both = (more: Record<string, unknown>) =>
      problemsOf(
        fileJson(
          experimentJson({ layerPart: [0, 0.5], testers: { tess: 'control' } }),
          experimentJson({ name: 'second', layerPart: [0.5, 1], testers: { tess: 'treatment' }, ...more }),
        ),
      );
    expect(both({})).toEqual([expect.stringMatching(/^first\.testers\.tess: is a tester of second too/)]);
    expect(both({ start: '2026-12-01T00:00:00Z', stop: '2026-12-02T00:00:00Z' })).toEqual([]);
  });

  it.each([
    [{ exploration: { position: 5, poolSize: 10, epsilon: 0.1 } }, /draws place 5 too/],
    [{ rung: 'retrieval-order' }, /chooses a rung/],
  ])('lets no layer undo what another one serves: %j', (serving, problem) => {
    const drawn = { freshExploration: { position: 5, poolSize: 10, epsilon: 0.1 } };
    const variants = (one: object) => [
      { name: 'control', share: 0.5 },
      { name: 'treatment', share: 0.5, serving: one },
    ];
    const clash = fileJson(
      experimentJson({ variants: variants(drawn) }),
      experimentJson({ name: 'second', layer: 'blending', variants: variants(serving) }),
    );
    expect(problemsOf(clash)).toEqual([expect.stringMatching(problem)]);
    const elsewhere = { exploration: { position: 6, poolSize: 10, epsilon: 0.1 } };
    const second = experimentJson({ name: 'second', layer: 'blending', variants: variants(elsewhere) });
    expect(problemsOf(fileJson(experimentJson({ variants: variants(drawn) }), second))).toEqual([]);
  });

  it('lets no two layers set one parameter', () => {
    const clash = fileJson(experimentJson(), experimentJson({ name: 'second', layer: 'blending' }));
    expect(problemsOf(clash)[0]).toMatch(/second, in another layer, sets channelCap too/);
  });

  it('knows which snapshots must be loaded, and bounds them', () => {
    const file = fileOf(experimentJson({ variants: snapshots('s2', 's1') }));
    expect(pinnedSnapshots(file, Date.UTC(2026, 10, 5))).toEqual(['s1', 's2']);
    expect(pinnedSnapshots(file, Date.UTC(2026, 9, 31))).toEqual([]);
    expect(pinnedSnapshots(file, Date.UTC(2026, 9, 31), 86_400_000)).toEqual(['s1', 's2']);
    expect(problemsWith({ variants: snapshots('a', 'b', 'c', 'd', 'e') })[0]).toMatch(
      /5 snapshots are asked for at once/,
    );
  });

  it('bounds them while what starts is loaded beside what has not stopped', () => {
    const next = (start: string) =>
      problemsOf(
        fileJson(
          experimentJson({ variants: snapshots('a', 'b', 'c') }),
          experimentJson({ name: 'next', start, stop: '2026-12-24T00:00:00Z', variants: snapshots('c', 'd', 'e') }),
        ),
      );
    expect(next('2026-12-01T00:00:00Z')).toEqual([
      expect.stringMatching(/^next\.variants: 15 minutes before it starts, .*5 snapshots are asked for at once/),
    ]);
    expect(next('2026-12-01T00:14:59Z')).toHaveLength(1);
    expect(next('2026-12-01T00:15:00Z')).toEqual([]);
  });
});
