/** The roll-out of `npm run rehearsal`, in small: see there for what it is and is not. */
import { missingForStack } from '@watchnext/local-stack';
import { describeUnlessMissing } from '@watchnext/testing';
import { missingForManifests, rehearse, type RehearsalReport } from '../src';

const LIMIT_MS = 900_000;
const missing = [
  ...missingForManifests(),
  ...missingForStack({ kafka: true, redis: true, s3: true, certificates: true }),
];

describeUnlessMissing(missing, 'a roll-out of the production overlay under load', () => {
  let report: RehearsalReport;
  beforeAll(async () => {
    report = await rehearse({ replicas: 2, preStopSeconds: 1, listsPerSecond: 4, eventsPerSecond: 4, viewers: 60 });
  }, LIMIT_MS);

  it('replaces every pod, and no request fails', () => {
    expect(report.restarts).toBe(12);
    expect(report.failures).toEqual([]);
    expect(report.lists).toBeGreaterThan(0);
    expect(report.events).toBeGreaterThan(0);
  });

  it('never leaves the gateway without models to ask', () => {
    // A busy machine may be late; what must not be is that a pod is asked that is not there.
    expect(Object.keys(report.degraded).filter((reason) => /unreachable|failed|refused/.test(reason))).toEqual([]);
  });

  it('shares calls among the pods of a headless service', () => {
    expect(Object.values(report.searches).map((count) => count > 0)).toEqual([true, true]);
  });

  it('works off all that was acknowledged, with the rights that the manifests give', () => {
    expect(report.lagRecords).toBe(0);
  });

  it('commits the offsets that KEDA asks for', () => {
    expect(report.groupsWithoutOffsets).toEqual([]);
  });
});
