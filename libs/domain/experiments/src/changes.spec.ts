import { DURING_MS, experimentJson, fileOf, userIds } from '../test/builders';
import { Assigner } from './assignment';
import { unsafeChanges } from './changes';

const withShares = (...shares: number[]) =>
  fileOf(experimentJson({ variants: shares.map((share, index) => ({ name: `v${index}`, share })) }));

describe('a change of a running experiment', () => {
  it('is safe where all shares grow by one factor, and where the part of the layer grows', () => {
    expect(unsafeChanges(withShares(0.1, 0.1), withShares(0.4, 0.4), DURING_MS)).toEqual([]);
    expect(unsafeChanges(withShares(0.3, 0.1), withShares(0.75, 0.25), DURING_MS)).toEqual([]);
    const [small, large] = [0.2, 0.6].map((end) => fileOf(experimentJson({ layerPart: [0, end] })));
    expect(unsafeChanges(small, large, DURING_MS)).toEqual([]);
  });

  it('is safe where the shares of an interleaved experiment grow: each of its lists is of both variants', () => {
    const [before, after] = [0.3, 0.6].map((share) =>
      fileOf(
        experimentJson({
          design: 'interleaved',
          variants: [
            { name: 'a', share: 0.3 },
            { name: 'b', share },
          ],
        }),
      ),
    );
    expect(unsafeChanges(before, after, DURING_MS)).toEqual([]);
  });

  it('is safe where the experiment ends', () => {
    expect(unsafeChanges(withShares(0.1, 0.1), fileOf(), DURING_MS)).toEqual([]);
  });

  it.each([
    [
      [0.1, 0.1],
      [0.3, 0.7],
    ],
    [
      [0.1, 0.1],
      [0.1, 0.9],
    ],
    [
      [0.2, 0.2, 0],
      [0.2, 0.2, 0.2],
    ],
  ])('moves nobody, but spoils the sample ratio, where shares grow unequally: %j to %j', (before, after) => {
    expect(unsafeChanges(withShares(...before), withShares(...after), DURING_MS)).toEqual([
      {
        name: 'first',
        state: 'running',
        movedShare: expect.closeTo(0, 9),
        droppedShare: expect.closeTo(0, 9),
        reasons: ['variants: shares grow unequally: the sample ratio would no longer hold'],
      },
    ]);
  });

  it('is not looked at before the start', () => {
    expect(unsafeChanges(withShares(0.5, 0.5), withShares(0.9, 0.1), Date.UTC(2026, 9, 1))).toEqual([]);
  });

  it.each([
    [
      [0.5, 0.5],
      [0.9, 0.1],
    ],
    [
      [0.2, 0.2, 0.2],
      [0.1, 0.6, 0.3],
    ],
    [
      [0.5, 0.5],
      [0.2, 0.2],
    ],
    [
      [0.5, 0.5],
      [0.4, 0.3, 0.3],
    ],
  ])('says how many users it moves: %j to %j, as counted', (before, after) => {
    const [old, now] = [withShares(...before), withShares(...after)];
    const [change] = unsafeChanges(old, now, DURING_MS);
    const [a, b] = [new Assigner(old), new Assigner(now)];
    const users = userIds(2_000).flatMap((user) => {
      const was = a.within(old.experiments[0], user)?.variant.name;
      return was === undefined ? [] : [{ was, is: b.within(now.experiments[0], user)?.variant.name }];
    });
    const share = (of: (user: (typeof users)[number]) => boolean) => users.filter(of).length / users.length;
    expect(change.movedShare).toBeCloseTo(
      share(({ was, is }) => is !== undefined && is !== was),
      1,
    );
    expect(change.droppedShare).toBeCloseTo(
      share(({ is }) => is === undefined),
      1,
    );
  });

  describe('whose users become testers', () => {
    const everyone = Object.fromEntries(userIds(200).map((user) => [user, 'treatment']));
    const inTreatment = () => {
      const file = fileOf(experimentJson());
      const assigner = new Assigner(file);
      return userIds(200).filter((user) => assigner.within(file.experiments[0], user)?.variant.name === 'treatment');
    };
    const reasonsOf = (before: Record<string, unknown>[], after: Record<string, unknown>[]) =>
      unsafeChanges(fileOf(...before), fileOf(...after), DURING_MS).flatMap(({ reasons }) => reasons);

    it('says how many the report would leave out, and how many of them it moves', () => {
      const moved = 200 - inTreatment().length;
      expect(reasonsOf([experimentJson()], [experimentJson({ testers: everyone })])).toEqual([
        expect.stringMatching(
          `^testers: 200 of its users would be testers, whom the report leaves out, ${moved} of them in another variant; name testers before`,
        ),
      ]);
    });

    it('says how many would leave it for another experiment of the layer', () => {
      const first = experimentJson({ layerPart: [0, 0.5] });
      const other = (more: Record<string, unknown>) => experimentJson({ name: 'other', layerPart: [0.5, 1], ...more });
      const file = fileOf(first);
      const assigner = new Assigner(file);
      const count = userIds(200).filter((user) => assigner.within(file.experiments[0], user)).length;
      expect(reasonsOf([first, other({})], [first, other({ testers: everyone })])).toEqual([
        expect.stringMatching(`^testers of others: ${count} of its users`),
        expect.stringMatching(`^testers: ${200 - count} of its users`),
      ]);
      const later = { start: '2026-12-01T00:00:00Z', stop: '2026-12-31T00:00:00Z', testers: everyone };
      expect(reasonsOf([first], [first, other(later)])).toEqual([]);
    });

    it('is safe for who was in no variant, and of testers who change or go, whom the report leaves out anyway', () => {
      const small = experimentJson({ layerPart: [0, 0.1] });
      const file = fileOf(small);
      const assigner = new Assigner(file);
      const stranger = userIds(200).find((user) => !assigner.within(file.experiments[0], user))!;
      expect(reasonsOf([small], [{ ...small, testers: { [stranger]: 'treatment' } }])).toEqual([]);
      const tested = (variant: string) => experimentJson({ testers: { tess: variant } });
      expect(reasonsOf([tested('control')], [tested('treatment')])).toEqual([]);
      expect(reasonsOf([tested('control')], [experimentJson()])).toEqual([]);
    });
  });

  it('names what makes it another experiment', () => {
    const now = fileOf(
      experimentJson({ salt: 'december', start: '2026-11-02T00:00:00Z', audience: { loggedIn: true } }),
    );
    const [{ reasons }] = unsafeChanges(fileOf(experimentJson()), now, DURING_MS);
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual(['salt', 'start', 'audience']);
    const served = fileOf(
      experimentJson({
        variants: [
          { name: 'control', share: 0.5 },
          { name: 'treatment', share: 0.5, serving: { channelCap: 4 } },
        ],
      }),
    );
    expect(unsafeChanges(fileOf(experimentJson()), served, DURING_MS)[0].reasons[0]).toMatch(
      /variants\.treatment\.serving/,
    );
  });

  it.each([
    { alpha: 0.1 },
    { power: 0.9 },
    { minimumLift: 0.1 },
    { primaryMetric: 'clicksPerImpression' },
    { covariateDays: 0 },
    { guardrails: [{ metric: 'latencyMs', mostHarm: 0.2 }] },
  ])('names what voids the intervals when it is chosen after a look: %j', (overrides) => {
    const [{ reasons }] = unsafeChanges(fileOf(experimentJson()), fileOf(experimentJson(overrides)), DURING_MS);
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual(Object.keys(overrides));
  });
});

describe('an experiment that has ended', () => {
  const AFTER_MS = Date.UTC(2027, 0, 10);
  const changesTo = (overrides: Record<string, unknown>) =>
    unsafeChanges(fileOf(experimentJson()), fileOf(experimentJson(overrides)), AFTER_MS);

  it('may stay or go', () => {
    expect(changesTo({})).toEqual([]);
    expect(unsafeChanges(fileOf(experimentJson()), fileOf(), AFTER_MS)).toEqual([]);
  });

  it.each([
    { stop: '2027-02-01T00:00:00Z' },
    { start: '2027-01-11T00:00:00Z', stop: '2027-02-01T00:00:00Z' },
    { hypothesis: 'Something else gets better.' },
    { primaryMetric: 'clicksPerImpression' },
    { testers: { tess: 'treatment' } },
  ])('is neither revived nor told otherwise: %j', (overrides) => {
    const [{ state, reasons }] = changesTo(overrides);
    expect(state).toBe('ended');
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual(Object.keys(overrides));
  });
});
