/** What Prometheus would have of a system in some state, for the cases of alerts. */
import type { Series } from './promtool';

/** A counter that grows by so much a minute, for an hour. */
export const growing = (perMinute: number) => `0+${perMinute}x60`;
export const staying = (value: number) => `${value}x60`;

export const lists = (perMinute: number): Series => ({
  'watchnext_gateway_answers_total{pod="gateway-1",rung="full"}': growing(perMinute),
});
export const failures = (stage: string, category: string, perMinute: number): Series => ({
  [`watchnext_gateway_stage_failures_total{pod="gateway-1",stage="${stage}",category="${category}"}`]:
    growing(perMinute),
});
export const http = (job: string, route: string, method: string, perMinute: Record<string, number>): Series =>
  Object.fromEntries(
    Object.entries(perMinute).map(([status, count]) => [
      `watchnext_http_requests_total{job="${job}",route="${route}",method="${method}",status="${status}"}`,
      growing(count),
    ]),
  );
export const LISTS_ROUTE = '/v1/users/:id/recommendations';
export const calls = (job: string, rpc: string, perMinute: Record<string, number>): Series =>
  Object.fromEntries(
    Object.entries(perMinute).map(([code, count]) => [
      `watchnext_rpc_requests_total{job="${job}",rpc="${rpc}",code="${code}"}`,
      growing(count),
    ]),
  );
export const circuit = (state: number): Series => ({
  'watchnext_gateway_circuit_open{pod="gateway-1",dependency="ranking"}': staying(state),
});
export const up = (jobs: readonly string[], namespace = 'watchnext'): Series =>
  Object.fromEntries(jobs.map((job) => [`up{namespace="${namespace}",job="${job}",pod="${job}-1"}`, staying(1)]));
export const JOBS = [
  'gateway',
  'retrieval',
  'ranking',
  'ingestion-collect',
  'ingestion-materialise',
  'ingestion-archive',
];
/** One run at second 1,000. */
export const job = (cronJob: string, failed: number, lastSuccess: number): Series => ({
  [`kube_job_status_start_time{namespace="watchnext",job_name="${cronJob}-1"}`]: staying(1_000),
  [`kube_job_failed{namespace="watchnext",job_name="${cronJob}-1",condition="true"}`]: staying(failed),
  [`kube_cronjob_status_last_successful_time{namespace="watchnext",cronjob="${cronJob}"}`]: staying(lastSuccess),
});
export const replicas = (desired: number, available: number, namespace = 'watchnext'): Series => ({
  [`kube_deployment_spec_replicas{namespace="${namespace}",deployment="gateway"}`]: staying(desired),
  [`kube_deployment_status_replicas_available{namespace="${namespace}",deployment="gateway"}`]: staying(available),
});
export const unusable = (perMinute: number): Series => ({
  'watchnext_tls_certificate_refusals_total{job="ranking",pod="ranking-1",files="WATCHNEXT_KAFKA_TLS"}':
    growing(perMinute),
});
export const rollout = (labels: string, desired: number, available: number): Series => ({
  [`rollout_info_replicas_desired{name="gateway",${labels}}`]: staying(desired),
  [`rollout_info_replicas_available{name="gateway",${labels}}`]: staying(available),
});

export const unwritten = (age: number): Series => ({
  'watchnext_ingestion_archive_unwritten_age_seconds{topic="t"}': staying(age),
});

/** As each materialiser says it. */
export const storeMemory = (...shares: number[]): Series =>
  Object.fromEntries(
    shares.map((share, i) => [
      `watchnext_ingestion_feature_store_memory_ratio{pod="ingestion-materialise-${i}"}`,
      Array(61).fill(share).join(' '),
    ]),
  );

export const clockOffset = (pod: string, seconds: number): Series => ({
  [`watchnext_ingestion_clock_offset_seconds{pod="${pod}"}`]: Array(61).fill(seconds).join(' '),
});

/** Seven and a half days of 60 steps of three hours: what an impression brings at first, and in the last eighteen hours. */
export const feedback = (impressionsPerStep: number, secondsBefore: number, secondsNow: number): Series => ({
  'watchnext_ingestion_impressions_total{pod="ingestion-materialise-1"}': growing(impressionsPerStep),
  'watchnext_ingestion_impression_watch_seconds_total{pod="ingestion-materialise-1"}':
    `0+${impressionsPerStep * secondsBefore}x54 ` +
    `${impressionsPerStep * (54 * secondsBefore + secondsNow)}+${impressionsPerStep * secondsNow}x5`,
});

export const shortened = (unixSeconds: string): Series => ({
  'watchnext_ingestion_log_shortened_timestamp_seconds{role="archive",topic="watchnext.activity.v1"}': unixSeconds,
});
