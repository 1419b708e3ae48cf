import { DURING_MS, experimentJson, FACTS, fileOf, userIds } from '../test/builders';
import { Assigner, servingOf } from './assignment';
import { chiSquareTail } from './distributions';
import { hashPoint } from './hash-point';
import { checkSampleRatio } from './sample-ratio';

const USERS = userIds(6_000);
const assignerOf = (...experiments: Record<string, unknown>[]) => {
  const file = fileOf(...experiments);
  const assigner = new Assigner(file);
  return {
    assigner,
    variantOf: (index: number, userId: string) => assigner.within(file.experiments[index], userId)?.variant.name,
  };
};
const named = (name: string, more: Record<string, unknown> = {}) => experimentJson({ name, ...more });

/** P-value of independence of two labels, by Pearson's chi-square. */
function independence(labels: readonly (readonly [string, string])[]): number {
  const rows = [...new Set(labels.map(([a]) => a))];
  const columns = [...new Set(labels.map(([, b]) => b))];
  let statistic = 0;
  for (const row of rows)
    for (const column of columns) {
      const seen = labels.filter(([a, b]) => a === row && b === column).length;
      const inRow = labels.filter(([a]) => a === row).length;
      const inColumn = labels.filter(([, b]) => b === column).length;
      const expected = (inRow * inColumn) / labels.length;
      statistic += (seen - expected) ** 2 / expected;
    }
  return chiSquareTail(statistic, (rows.length - 1) * (columns.length - 1));
}

describe('assignment', () => {
  it('is the same for ever: these values must never change', () => {
    expect(hashPoint('variant', 'november', 'first', 'viewer-1')).toBe(
      hashPoint('variant', 'november', 'first', 'viewer-1'),
    );
    const { variantOf } = assignerOf(named('first'));
    expect(
      userIds(12)
        .map((user) => variantOf(0, user)?.slice(0, 1))
        .join(''),
    ).toMatchInlineSnapshot(`"ttctcttttttc"`);
  });

  it('gives every variant its share of the users', () => {
    const shares = [0.1, 0.2, 0.3, 0.4];
    const variants = shares.map((share, index) => ({ name: `v${index}`, share }));
    for (let seed = 0; seed < 6; seed++) {
      const { variantOf } = assignerOf(named('first', { variants, salt: `salt ${seed}` }));
      const counts = shares.map(() => 0);
      for (const user of USERS) counts[Number(variantOf(0, user)!.slice(1))]++;
      // The salts are fixed: either these six pass for ever or never.
      expect(checkSampleRatio(counts, shares).chiSquareP).toBeGreaterThan(0.001);
    }
  });

  it('p-values of its uniformity are themselves uniform', () => {
    const ps = Array.from({ length: 100 }, (_, seed) => {
      let inControl = 0;
      for (const user of USERS.slice(0, 500)) if (hashPoint('variant', `s${seed}`, 'x', user) < 0.5) inControl++;
      return checkSampleRatio([inControl, 500 - inControl], [1, 1]).chiSquareP;
    });
    const tenths = Array.from({ length: 10 }, (_, k) => ps.filter((p) => p > k / 10 && p <= (k + 1) / 10).length);
    expect(
      checkSampleRatio(
        tenths,
        tenths.map(() => 1),
      ).chiSquareP,
    ).toBeGreaterThan(0.001);
  });

  it('is independent across experiments, whether names, salts or layers differ', () => {
    const pairs = [
      [named('first'), named('second', { layer: 'blending', variants: twoOf({ candidateCount: 100 }) })],
      [named('first', { salt: 'x' }), named('first-2', { salt: 'x', layer: 'blending', variants: twoOf({}) })],
      [named('a'), named('b', { start: '2027-01-01T00:00:00Z', stop: '2027-02-01T00:00:00Z' })],
      [
        named('a', { salt: '1' }),
        named('b', { salt: '2', start: '2027-01-01T00:00:00Z', stop: '2027-02-01T00:00:00Z' }),
      ],
    ];
    for (const [one, other] of pairs) {
      const { variantOf } = assignerOf(one, other);
      const labels = USERS.map((user) => [variantOf(0, user)!, variantOf(1, user)!] as const);
      expect(independence(labels)).toBeGreaterThan(0.001);
    }
  });

  it('is independent of the layer point that let the user in', () => {
    const { variantOf } = assignerOf(named('first', { layerPart: [0, 0.3] }));
    const within = USERS.filter((user) => variantOf(0, user) !== undefined);
    expect(within.length / USERS.length).toBeCloseTo(0.3, 1);
    const inControl = within.filter((user) => variantOf(0, user) === 'control').length;
    expect(checkSampleRatio([inControl, within.length - inControl], [1, 1]).chiSquareP).toBeGreaterThan(0.001);
  });

  it('lets experiments of one layer exclude each other', () => {
    const { assigner } = assignerOf(named('a', { layerPart: [0, 0.6] }), named('b', { layerPart: [0.6, 1] }));
    const counts = USERS.slice(0, 500).map((user) => assigner.assign(user, FACTS, DURING_MS).length);
    expect(counts.every((count) => count === 1)).toBe(true);
  });

  it('keeps everyone in place when shares and the part of the layer grow', () => {
    const small = assignerOf(
      named('a', {
        layerPart: [0.2, 0.4],
        variants: [
          { name: 'control', share: 0.1 },
          { name: 'treatment', share: 0.05 },
        ],
      }),
    );
    const large = assignerOf(
      named('a', {
        layerPart: [0.1, 0.9],
        variants: [
          { name: 'control', share: 0.3 },
          { name: 'treatment', share: 0.7 },
        ],
      }),
    );
    const before = USERS.filter((user) => small.variantOf(0, user) !== undefined);
    expect(before.length).toBeGreaterThan(120);
    for (const user of before) expect(large.variantOf(0, user)).toBe(small.variantOf(0, user));
  });

  it('holds from the start until the stop, for the audience only', () => {
    const { assigner } = assignerOf(
      named('a', {
        audience: {
          surfaces: ['home'],
          countries: ['SE'],
          devices: ['tv'],
          loggedIn: true,
          minimumWatchCount: 5,
          maximumWatchCount: 20,
        },
      }),
    );
    const count = (facts = {}, atMs = DURING_MS) => assigner.assign('someone', { ...FACTS, ...facts }, atMs).length;
    expect(count()).toBe(1);
    expect(count({}, Date.UTC(2026, 10, 1) - 1)).toBe(0);
    expect(count({}, Date.UTC(2026, 10, 1))).toBe(1);
    expect(count({}, Date.UTC(2026, 11, 1))).toBe(0);
    for (const other of [
      { surface: 'up-next' },
      { country: 'FR' },
      { device: 'phone' },
      { loggedIn: false },
      { watchCount: 4 },
      { watchCount: 21 },
    ])
      expect(count(other)).toBe(0);
  });

  it('gives testers what they asked for, and says so', () => {
    const { assigner } = assignerOf(
      named('a', { layerPart: [0, 0.001], testers: { tess: 'treatment', constructor: 'control' } }),
    );
    const [assignment] = assigner.assign('tess', FACTS, DURING_MS);
    expect(assignment).toMatchObject({ variant: { name: 'treatment' }, overridden: true });
    expect(servingOf([assignment])).toEqual({ channelCap: 3 });
    expect(assigner.assign('toString', FACTS, DURING_MS)).toEqual([]);
  });

  it('keeps a tester of one experiment out of the others of its layer and time', () => {
    const later = { start: '2026-12-01T00:00:00Z', stop: '2026-12-02T00:00:00Z' };
    const { assigner, variantOf } = assignerOf(
      named('a', { layerPart: [0, 0.5], testers: Object.fromEntries(userIds(20).map((user) => [user, 'treatment'])) }),
      named('b', { layerPart: [0.5, 1], audience: { devices: [FACTS.device] } }),
      named('c', { layer: 'blending', variants: twoOf({ candidateCount: 100 }) }),
      named('d', later),
    );
    for (const user of userIds(20)) {
      const names = assigner.assign(user, FACTS, DURING_MS).map(({ experiment }) => experiment.name);
      expect(names).toEqual(['a', 'c']);
      expect(variantOf(1, user)).toBeUndefined();
      expect(variantOf(3, user)).toBeDefined();
    }
    expect(assigner.assign('viewer-20', FACTS, DURING_MS).map(({ overridden }) => overridden)).toEqual([false, false]);
  });
});

const twoOf = (serving: Record<string, unknown>) => [
  { name: 'control', share: 0.5 },
  { name: 'treatment', share: 0.5, serving },
];
