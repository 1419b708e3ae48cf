/** Dashboards, alerts and canary analyses ask for metrics that exist, in queries that Prometheus can read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { parser } from '@prometheus-io/lezer-promql';
import { LATENCY_BUCKETS, SERVICE_METRICS } from '@watchnext/service';
import { describeUnlessMissing } from '@watchnext/testing';
import { LADDER_STAGES } from '../../../apps/gateway/src/pipeline/ladder';
import { type KubernetesObject, metricNames, missingForManifests, REPOSITORY, routesOf, workloadsOf } from '../src';
import { built, TEAM } from './built';

/** What others tell of our pods. */
const FOREIGN = new Set([
  // Prometheus itself
  'up',
  // kube-state-metrics
  'kube_deployment_spec_replicas',
  'kube_deployment_status_replicas_available',
  'kube_pod_container_status_restarts_total',
  'kube_job_failed',
  'kube_job_status_failed',
  'kube_job_status_start_time',
  'kube_cronjob_status_last_successful_time',
  // the kubelet's cAdvisor
  'container_cpu_usage_seconds_total',
  'container_pressure_cpu_waiting_seconds_total',
  'container_memory_working_set_bytes',
  // node-exporter
  'node_pressure_cpu_waiting_seconds_total',
  // the controller of Argo Rollouts
  'rollout_info_replicas_available',
  'rollout_info_replicas_desired',
]);

/** @returns the metrics of a query. @throws Error where PromQL has no such query */
function metricsOf(query: string): string[] {
  const names: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${query}`);
      if (type.name === 'VectorSelector') names.push(/^[\w:]+/.exec(query.slice(from, to))?.[0] ?? '');
    },
  });
  return names;
}

/** Those whose failure costs a rung. */
const STAGES = new Set<string>(Object.values(LADDER_STAGES));

/** A histogram is told as three series. */
const exists = (name: string, own: ReadonlySet<string>) =>
  FOREIGN.has(name) ||
  own.has(name) ||
  (/_seconds_(bucket|sum|count)$/.test(name) && own.has(name.replace(/_(bucket|sum|count)$/, '')));

function queriesOf(objects: readonly KubernetesObject[]): [where: string, query: string][] {
  return objects.flatMap(({ kind, metadata, spec, data }): [string, string][] => {
    if (kind === 'PrometheusRule') {
      return spec.groups.flatMap(({ rules }: { rules: { alert: string; expr: string }[] }) =>
        rules.map(({ alert, expr }) => [alert, expr]),
      );
    }
    if (kind === 'AnalysisTemplate') {
      return spec.metrics.map((one: { name: string; provider: { prometheus: { query: string } } }) => [
        `${metadata.name} ${one.name}`,
        one.provider.prometheus.query.replace(/\{\{args\.[\w-]+\}\}/g, 'argument'),
      ]);
    }
    if (metadata.labels?.['grafana_dashboard'] === undefined) return [];
    return Object.values<string>(data).flatMap((text) =>
      JSON.parse(text).panels.flatMap(({ title, targets }: { title: string; targets: { expr: string }[] }) =>
        targets.map(({ expr }) => [title, expr] as [string, string]),
      ),
    );
  });
}

describe('queries', () => {
  it('are read', () => {
    expect(metricsOf('sum by (a) (rate(x_total{b="c"}[5m])) / y > 0')).toEqual(['x_total', 'y']);
    expect(() => metricsOf('sum by (a (x)')).toThrow('not PromQL');
    expect(exists('watchnext_gateway_answers_total_bucket', metricNames())).toBe(false);
  });
});

describe('dashboards', () => {
  it('call quantiles what they are', () => {
    const folder = join(REPOSITORY, 'infra/kubernetes/components/monitoring/dashboards');
    const targets = readdirSync(folder).flatMap((file) =>
      JSON.parse(readFileSync(join(folder, file), 'utf8')).panels.flatMap(
        (panel: { targets: { expr: string; legendFormat?: string }[] }) => panel.targets,
      ),
    );
    const named = targets.flatMap(({ expr, legendFormat }) => {
      const quantile = /^histogram_quantile\((0\.\d+)/.exec(expr)?.[1];
      return quantile !== undefined && /^p\d/.test(legendFormat ?? '') ? [[Number(quantile), legendFormat]] : [];
    });
    expect(named.length).toBeGreaterThan(5);
    expect(named).toEqual(named.map(([quantile]) => [quantile, `p${100 * Number(quantile)}`]));
  });
});

describeUnlessMissing(missingForManifests(), 'monitoring', () => {
  it.each(['overlays/production', 'overlays/canary'])('of %s asks only for metrics that exist', (root) => {
    const queries = queriesOf(built(root));
    expect(queries.length).toBeGreaterThan(30);
    const own = metricNames();
    const missing = queries.flatMap(([where, query]) =>
      metricsOf(query)
        .filter((name) => !exists(name, own))
        .map((name) => `${where}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it.each(['overlays/production', 'overlays/canary'])(
    'of %s says whose snapshot it means: several services tell',
    (root) => {
      const { snapshotAge, snapshotRefusals, snapshotInfo } = SERVICE_METRICS;
      const shared = queriesOf(built(root)).filter(([, query]) =>
        metricsOf(query).some((name) => [snapshotAge, snapshotRefusals, snapshotInfo].some((one) => one === name)),
      );
      expect(shared.length).toBeGreaterThan(3);
      expect(shared.filter(([, query]) => !/job=|by \(job[,)]/.test(query))).toEqual([]);
    },
  );

  it('blames no rung that an experiment chose: alerts and analyses of lists go by the stages that fail', () => {
    const judging = built('overlays/canary').filter(({ kind }) =>
      ['PrometheusRule', 'AnalysisTemplate'].includes(kind),
    );
    const byRung = queriesOf(judging).filter(
      ([where, query]) =>
        // That one is of lists on any rung.
        where !== 'WatchNextImpressionsUnlogged' && query.includes('watchnext_gateway_answers_total'),
    );
    expect(byRung.length).toBe(4);
    for (const [where, query] of byRung) {
      const stages = /stage_failures_total\{stage=~"([^"]*)", category!="chosen"/.exec(query)?.[1]?.split('|');
      expect([where, stages?.filter((stage) => !STAGES.has(stage))]).toEqual([where, []]);
      if (!query.includes('memory-popular')) expect([where, new Set(stages)]).toEqual([where, STAGES]);
    }
  });

  it('of canary tells of missing pods of Rollouts too, whose Deployments have none', () => {
    const rollouts = built('overlays/canary').filter(({ kind }) => kind === 'Rollout');
    const alerts = queriesOf(built('overlays/canary')).filter(([, query]) => query.includes('rollout_info_replicas'));
    expect(alerts.map(([alert]) => alert)).toEqual(['WatchNextRolloutPodsMissing']);
    const named = /name=~"([^"]*)"/.exec(alerts[0]?.[1] ?? '')?.[1]?.split('|');
    expect(named?.sort()).toEqual(rollouts.map(({ metadata }) => metadata.name).sort());
  });

  it('counts latencies by buckets that there are', () => {
    const bounds = queriesOf(built('overlays/canary')).flatMap(([, query]) =>
      [...query.matchAll(/\ble="([^"]*)"/g)].map(([, bound]) => Number(bound)),
    );
    expect(bounds.length).toBe(2);
    expect(LATENCY_BUCKETS).toEqual(expect.arrayContaining(bounds));
  });

  it('tells calls that fail by codes of gRPC, the same in alerts and analyses', () => {
    const codes = queriesOf(built('overlays/canary')).flatMap(([, query]) =>
      [...query.matchAll(/\bcode!~"([^"]*)"/g)].map(([, pattern = '']) => pattern.split('|')),
    );
    expect(codes.length).toBe(3);
    expect(codes).toEqual(codes.map(() => codes[0]));
    expect(Object.keys(status)).toEqual(expect.arrayContaining(codes[0] as string[]));
  });

  it('misses each job that it scrapes, where Prometheus does not see it', () => {
    const objects = built('overlays/production');
    const queries = new Map(queriesOf(objects));
    const scraped = objects.filter(({ kind }) => kind === 'ServiceMonitor').map(({ metadata }) => metadata.name);
    const jobs = [...(queries.get('WatchNextTargetMissing') ?? '').matchAll(/absent\(up\{[^}]*job="([^"]*)"\}\)/g)];
    expect(jobs.map(([, job]) => job).sort()).toEqual([...scraped].sort());
    const down = new RegExp(`^${/job=~"([^"]*)"/.exec(queries.get('WatchNextTargetDown') ?? '')?.[1]}$`);
    expect(scraped.filter((job) => !down.test(job))).toEqual([]);
  });

  it('tells of each job by itself that fails, and when it last succeeded', () => {
    const objects = built('overlays/production');
    const queries = queriesOf(objects);
    const jobs = objects.filter(({ kind }) => kind === 'CronJob').map(({ metadata }) => metadata.name);
    // Somebody starts these two, and looks at them.
    const regular = jobs.filter((name) => !['rebuild', 'restore-log'].includes(name));
    expect(regular.length).toBe(jobs.length - 2);
    const alerts = queries.filter(([where]) => /^WatchNext\w+Failed$/.test(where)).map(([, query]) => query);
    const panels = queries.filter(([where]) => where === 'Seconds since each job succeeded');
    const shown = panels.flatMap(([, query]) => /cronjob=~"([^"]*)"/.exec(query)?.[1]?.split('|') ?? []);
    for (const name of regular) {
      const ofJob = alerts.filter(
        (query) =>
          query.includes(`kube_job_failed{namespace="watchnext", job_name=~"${name}-.*"`) &&
          query.includes(`cronjob="${name}"`),
      );
      expect([name, ofJob.length]).toEqual([name, 1]);
      expect(shown).toContain(name);
    }
  });

  it('can be labelled by a team as its Prometheus selects', () => {
    const selected = built(TEAM).filter(({ kind }) => kind === 'ServiceMonitor' || kind === 'PrometheusRule');
    expect(selected.length).toBeGreaterThan(6);
    for (const { metadata } of selected) expect(metadata.labels).toMatchObject({ release: 'kube-prometheus-stack' });
  });

  it('alerts on ingestion that fails, by role and topic, and not only on what it is behind', () => {
    const failing = queriesOf(built('overlays/production')).filter(
      ([where, query]) => where.startsWith('WatchNext') && query.includes('watchnext_ingestion_batch_failures_total'),
    );
    expect(failing).toEqual([['WatchNextIngestionFails', expect.stringContaining('sum by (role, topic)')]]);
  });

  it('alerts with a severity and a runbook that tells of them', () => {
    const files = built('overlays/canary').filter(({ kind }) => kind === 'PrometheusRule');
    const rules = files.flatMap(({ spec }) => spec.groups.flatMap((group: { rules: unknown[] }) => group.rules));
    expect(rules.length).toBeGreaterThan(15);
    for (const { alert, labels, annotations } of rules) {
      expect(readFileSync(join(REPOSITORY, annotations.runbook), 'utf8')).toContain(alert);
      expect(['warning', 'critical']).toContain(labels.severity);
    }
  });

  it('scrapes ports and paths that answer', () => {
    const objects = built('overlays/production');
    const monitors = objects.filter(({ kind }) => kind === 'ServiceMonitor');
    for (const { spec } of monitors) {
      const name = spec.selector.matchLabels['app.kubernetes.io/name'];
      const service = objects.find(
        (one) => one.kind === 'Service' && one.metadata.labels?.['app.kubernetes.io/name'] === name,
      );
      const workload = workloadsOf(objects).find((one) => one.name === name);
      for (const { port, path } of spec.endpoints) {
        expect(service?.['spec'].ports.map((one: { name: string }) => one.name)).toContain(port);
        expect(routesOf(workload?.app ?? 'trainer')).toContain(path);
      }
    }
    const scraped = monitors.map(({ spec }) => spec.selector.matchLabels['app.kubernetes.io/name']);
    const telling = workloadsOf(objects).filter(
      ({ kind, app }) => kind === 'Deployment' && routesOf(app).has('/metrics'),
    );
    expect(scraped.sort()).toEqual(telling.map(({ name }) => name).sort());
  });
});
