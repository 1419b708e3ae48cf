/** Every overlay is built, valid without unknown fields, and its pods are as we want pods to be. */
import { SHUTDOWN_LIMIT_MS } from '@watchnext/config';
import { describeUnlessMissing } from '@watchnext/testing';
import {
  type KubernetesObject,
  ManifestValidator,
  missingForManifests,
  nameOf,
  ROOTS,
  selects,
  workloadsOf,
} from '../src';
import { built, TEAM } from './built';

const validator = new ManifestValidator();

describeUnlessMissing(missingForManifests(), 'manifests', () => {
  describe.each([...ROOTS, TEAM])('of %s', (root) => {
    let objects: KubernetesObject[];
    beforeAll(() => (objects = built(root)));

    it('are valid, and know no unknown fields', () => {
      const problems = objects.flatMap((object) =>
        validator.problemsOf(object).map((one) => `${nameOf(object)}${one}`),
      );
      expect(problems).toEqual([]);
    });

    it('would not be valid with one field more, anywhere in them', () => {
      for (const object of objects) {
        const open = objectsIn(object).filter((path) => !isMap(object, path));
        expect(open.length).toBeGreaterThan(0);
        for (const path of open) {
          const wrong = structuredClone(object);
          (at(wrong, path) as Record<string, unknown>)['unheardOf'] = 1;
          expect({ [`${nameOf(object)} ${path.join('.')}`]: validator.problemsOf(wrong).length }).not.toEqual({
            [`${nameOf(object)} ${path.join('.')}`]: 0,
          });
        }
      }
    });

    it('name each object once', () => {
      const names = objects.map((object) => `${object.apiVersion} ${nameOf(object)}`);
      expect(new Set(names).size).toBe(names.length);
    });

    it('hold no secret: only the names of Secrets that are made elsewhere', () => {
      expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      const settings = objects.filter(({ kind }) => kind === 'ConfigMap').flatMap(({ data }) => Object.keys(data));
      for (const { container } of workloadsOf(objects)) {
        const literal = (container.env ?? []).filter((one: { value?: string }) => one.value !== undefined);
        settings.push(...literal.map(({ name }: { name: string }) => name));
      }
      expect(settings.filter((name) => /PASSWORD|SECRET|(?<!_FILE)_KEY$/.test(name))).toEqual([]);
    });
  });

  describe.each(['overlays/local', 'overlays/production', 'overlays/gpu', 'overlays/canary', TEAM])(
    'pods of %s',
    (root) => {
      let objects: KubernetesObject[];
      beforeAll(() => (objects = built(root)));
      const of = (kind: string) => objects.filter((object) => object.kind === kind);

      it('run without rights, on a file system that they cannot write', () => {
        for (const { pod, container } of workloadsOf(objects)) {
          expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
          expect(pod.automountServiceAccountToken).toBe(false);
          expect(pod.enableServiceLinks).toBe(false);
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      });

      it('ask for what they need, and are bound in memory and on disk', () => {
        for (const { container } of workloadsOf(objects)) {
          expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'ephemeral-storage', 'memory']);
          expect(Object.keys(container.resources.limits)).toEqual(
            expect.arrayContaining(['ephemeral-storage', 'memory']),
          );
        }
      });

      it('of services are probed, drain before they end, spread over nodes and survive evictions', () => {
        const services = workloadsOf(objects).filter(({ kind }) => kind === 'Deployment');
        expect(services.length).toBe(6);
        for (const { name, labels, pod, container, object } of services) {
          for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
            expect(container).toHaveProperty(probe);
          const preStopSeconds = container.lifecycle.preStop.sleep.seconds as number;
          expect(preStopSeconds).toBeGreaterThan(0);
          expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + SHUTDOWN_LIMIT_MS / 1_000);
          expect(pod.topologySpreadConstraints.map((one: { topologyKey: string }) => one.topologyKey)).toEqual([
            'topology.kubernetes.io/zone',
            'kubernetes.io/hostname',
          ]);
          // Longer than clients take to look a headless Service up again.
          expect(object['spec'].minReadySeconds).toBeGreaterThanOrEqual(10);
          const { periodSeconds, failureThreshold } = container.startupProbe;
          expect(object['spec'].progressDeadlineSeconds).toBeGreaterThan(
            periodSeconds * failureThreshold + object['spec'].minReadySeconds,
          );
          expect(object['spec'].strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
          const budgets = of('PodDisruptionBudget').filter(({ spec }) => selects(spec.selector, labels));
          expect([name, budgets.length]).toEqual([name, 1]);
        }
      });

      it('of jobs never run twice at once', () => {
        const jobs = of('CronJob');
        expect(jobs.map(({ metadata }) => metadata.name).sort()).toEqual([
          'checkpoint',
          'expire',
          'merge-archive',
          'rebuild',
          'restore-log',
          'trainer',
        ]);
        for (const { spec } of jobs) expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Etc/UTC' });
        // When somebody asks for it alone, or once somebody has decided on it.
        expect(jobs.filter(({ spec }) => spec.suspend).map(({ metadata }) => metadata.name)).toEqual([
          'expire',
          'rebuild',
          'restore-log',
        ]);
      });

      it('of the merge keep small files for longer than a training may read them', () => {
        const [merge, trainer] = ['merge-archive', 'trainer'].map((name) =>
          of('CronJob').find(({ metadata }) => metadata.name === name),
        ) as [KubernetesObject, KubernetesObject];
        const { args } = merge['spec'].jobTemplate.spec.template.spec.containers[0];
        const graceSeconds = 3_600 * Number(args[args.indexOf('--grace') + 1]);
        expect(graceSeconds).toBeGreaterThan(trainer['spec'].jobTemplate.spec.activeDeadlineSeconds);
        // And longer than a merge itself may take, which looks again at what it read.
        expect(graceSeconds).toBeGreaterThan(merge['spec'].jobTemplate.spec.activeDeadlineSeconds);
      });

      it('of jobs are no service’s: no budget counts them, and no Service leads to them', () => {
        const jobs = workloadsOf(objects).filter(({ kind }) => kind === 'CronJob');
        for (const { name, labels } of jobs) {
          const budgets = of('PodDisruptionBudget').filter(({ spec }) => selects(spec.selector, labels));
          const services = of('Service').filter(({ spec }) => selects({ matchLabels: spec.selector }, labels));
          expect([name, [...budgets, ...services].map(nameOf)]).toEqual([name, []]);
        }
      });
    },
  );

  it.each(['overlays/production', 'overlays/gpu', 'overlays/canary'])(
    'of %s scale each service by exactly one scaler',
    (root) => {
      const objects = built(root);
      const scalers = objects
        .filter(({ kind }) => kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject')
        .map(({ spec }) => `${spec.scaleTargetRef.kind ?? 'Deployment'} ${spec.scaleTargetRef.name}`);
      const rolledOut = objects.filter(({ kind }) => kind === 'Rollout').map(({ spec }) => spec.workloadRef.name);
      const scaled = workloadsOf(objects)
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ name }) => `${rolledOut.includes(name) ? 'Rollout' : 'Deployment'} ${name}`);
      expect(scalers.sort()).toEqual(scaled.sort());
      // Not even 0, under a Rollout: applied over a running production it would end every pod before others are there.
      const fixed = objects.filter(({ kind, spec }) => /^(Deployment|Rollout)$/.test(kind) && 'replicas' in spec);
      expect(fixed.map(nameOf)).toEqual([]);
    },
  );

  it('of canary roll out only what has a Deployment to take pods from, and analyses that exist', () => {
    const objects = built('overlays/canary');
    const rollouts = objects.filter(({ kind }) => kind === 'Rollout');
    expect(rollouts.map(({ metadata }) => metadata.name).sort()).toEqual(['gateway', 'ranking', 'retrieval']);
    const templates = new Map(
      objects.filter(({ kind }) => kind === 'AnalysisTemplate').map((one) => [one.metadata.name, one]),
    );
    for (const { metadata, spec } of rollouts) {
      const deployment = workloadsOf(objects).find(({ name }) => name === spec.workloadRef.name);
      expect(deployment?.object['spec'].selector).toEqual(spec.selector);
      expect(deployment?.name).toBe(metadata.name);
      expect(['onsuccess', 'progressively']).toContain(spec.workloadRef.scaleDown);
      const { analysis } = spec.strategy.canary;
      for (const { templateName } of analysis.templates) {
        const wanted = templates
          .get(templateName)
          ?.['spec'].args.filter((one: { value?: string }) => one.value === undefined);
        expect(wanted.map(({ name }: { name: string }) => name)).toEqual(
          (analysis.args ?? []).map(({ name }: { name: string }) => name),
        );
      }
    }
  });
});

type Path = (string | number)[];

/** Paths of all objects within an object, itself included. */
function objectsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, one]) =>
    objectsIn(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return Array.isArray(value) ? below : [path, ...below];
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce((one, key) => (one as Record<string | number, unknown>)[key], value);

/** Where any key is allowed: labels, data, resources, and what a custom resource leaves open. */
function isMap({ kind }: KubernetesObject, path: Path): boolean {
  const last = path.at(-1);
  const maps = ['labels', 'annotations', 'matchLabels', 'nodeSelector', 'data', 'requests', 'limits', 'selector'];
  if (last === 'selector') return kind === 'Service';
  if (kind === 'ScaledObject' && last === 'metadata') return path.length > 1;
  return maps.includes(String(last)) || (kind === 'KafkaTopic' && last === 'config');
}
