/** A small run of the faults bench (`npm run bench -- faults`): services in processes of their own, a real Redis, load. */
import { missingForStack } from '@watchnext/local-stack';
import { describeUnlessMissing } from '@watchnext/testing';
import { type Dependency, type FaultKind, FaultScene, measureFault } from '../../src/faults';

const LIMIT_MS = 300_000;
/** Wide, as the machine may be busy: what is tested is that everything is answered, from which rung, and that it ends. */
const DEADLINE_MS = 2_000;

describeUnlessMissing(missingForStack({ redis: true }), 'a system under load, one dependency failing', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.create({ deadlineMs: DEADLINE_MS, servers: { redis: true, kafka: false, s3: false } });
  }, LIMIT_MS);
  afterAll(() => scene?.dispose(), LIMIT_MS);

  it.each<[Dependency, FaultKind, string]>([
    ['ranking', 'killed', 'retrieval-order'],
    ['ranking', 'corrupted', 'retrieval-order'],
    ['retrieval', 'hung', 'snapshot-popular'],
    ['feature store', 'slowed', 'snapshot-popular'],
  ])(
    'answers every request while %s is %s, from rung %s, and is back on the full one afterwards',
    async (dependency, fault, rung) => {
      // Few enough that a busy machine sheds none of them: that would count as failed.
      const timing = { perSecond: 5, faultSeconds: 3, recoveryLimitSeconds: 60 };
      const row = await measureFault(scene, dependency, fault, timing);
      expect(row).toMatchObject({ dependency, fault, failed: 0 });
      expect(row.requests).toBeGreaterThan(20);
      expect(Object.keys(row.rungs)).toContain(rung);
      expect(row.unlogged).toBe(0);
      expect(row.recoverySeconds).toBeDefined();
    },
    LIMIT_MS,
  );

  it.each<FaultKind>(['killed', 'corrupted'])(
    'tells producers to send again while the collector is %s, loses nothing it took, and gives no list that is less than full',
    async (fault) => {
      const timing = { perSecond: 10, faultSeconds: 3, recoveryLimitSeconds: 60 };
      const row = await measureFault(scene, 'collector', fault, timing);
      expect(row).toMatchObject({ events: { unclear: 0, lost: 0, undelivered: 0 } });
      // On a machine that has much else to do some lists are shed; none is to be less than full.
      expect(Object.keys(row.rungs).filter((rung) => rung !== 'status 429')).toEqual(['full']);
      expect(row.events?.requests).toBeGreaterThan(20);
      expect(row.events?.told['again (502)']).toBeGreaterThan(0.8);
      expect(row.recoverySeconds).toBeDefined();
    },
    LIMIT_MS,
  );

  it('has no network to its event log that could fail, on embedded drivers', async () => {
    const timing = { perSecond: 1, faultSeconds: 1, recoveryLimitSeconds: 1 };
    await expect(measureFault(scene, 'event log', 'hung', timing)).rejects.toThrow(/event log: it runs on an embedded/);
  });
});
