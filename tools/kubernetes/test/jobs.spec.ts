/** Jobs: what is tried again, and what only one of them may have. */
import { EXIT_CONFIGURATION } from '@watchnext/config';
import { describeUnlessMissing } from '@watchnext/testing';
import { EXIT_CODES, parseCommand } from '../../../apps/trainer/src/cli';
import { environmentOf, missingForManifests, type Workload, workloadsOf } from '../src';
import { built, TEAM } from './built';

describeUnlessMissing(missingForManifests(), 'jobs', () => {
  describe.each(['overlays/local', 'overlays/production', 'overlays/gpu', 'overlays/canary', TEAM])('of %s', (root) => {
    let jobs: Workload[];
    beforeAll(() => {
      jobs = workloadsOf(built(root)).filter(({ kind }) => kind === 'CronJob');
    });
    const trainer = () => jobs.find(({ name }) => name === 'trainer') as Workload;

    it('are not tried again where that would fail alike, and a drained node is no try', () => {
      expect(jobs.length).toBeGreaterThan(2);
      for (const { name, container, object } of jobs) {
        const { rules } = object['spec'].jobTemplate.spec.podFailurePolicy;
        // The first one that fits is taken.
        expect([name, ...rules]).toEqual([
          name,
          {
            action: 'FailJob',
            onExitCodes: {
              containerName: container.name,
              operator: 'In',
              // 2: the command line.
              values: [2, EXIT_CODES.rejected, EXIT_CODES.nothingToTrain, EXIT_CONFIGURATION],
            },
          },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ]);
      }
    });

    it('of the trainer run once', () => {
      const [program, ...args] = trainer().container.args;
      expect(program).toBe('apps/trainer/dist/main.js');
      expect(parseCommand(args, { exitOverride: true }).once).toBe(true);
    });
  });

  it.each(['overlays/production', 'overlays/gpu', 'overlays/canary', TEAM])(
    'of %s that somebody starts beside a scheduled one cannot have the trainer’s folder too',
    (root) => {
      const objects = built(root);
      const trainer = workloadsOf(objects).find(({ name }) => name === 'trainer') as Workload;
      const folder = environmentOf(trainer, objects).get('WATCHNEXT_DATA_DIR')?.value;
      const mount = trainer.container.volumeMounts.find((one: { mountPath: string }) => one.mountPath === folder);
      const volume = trainer.pod.volumes.find((one: { name: string }) => one.name === mount.name);
      const claim = objects.find(
        ({ kind, metadata }) =>
          kind === 'PersistentVolumeClaim' && metadata.name === volume.persistentVolumeClaim.claimName,
      );
      expect(claim?.['spec'].accessModes).toEqual(['ReadWriteOncePod']);
    },
  );
});
