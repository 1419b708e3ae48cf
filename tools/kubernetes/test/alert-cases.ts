/** For every alert, series that it fires for, with the words that people read, and others that it must be silent for. */
import {
  calls,
  circuit,
  clockOffset,
  failures,
  feedback,
  growing,
  http,
  job,
  JOBS,
  lists,
  LISTS_ROUTE,
  replicas,
  rollout,
  shortened,
  staying,
  storeMemory,
  unusable,
  up,
  unwritten,
} from './alert-series';
import type { Series } from './promtool';

export interface AlertCase {
  readonly fires: Series;
  readonly labels?: Record<string, string>;
  readonly summary: string;
  /** Each by itself. */
  readonly silent: readonly Series[];
  /** Minutes from one value to the next, where an hour of them is too little; default: 1. */
  readonly stepMinutes?: number;
}

export const CASES: Record<string, AlertCase | readonly AlertCase[]> = {
  WatchNextRequestsFail: {
    fires: http('gateway', LISTS_ROUTE, 'GET', { 200: 98, 500: 2 }),
    labels: { job: 'gateway', route: LISTS_ROUTE },
    summary: `gateway answers 2% of the requests for ${LISTS_ROUTE} with 5xx.`,
    silent: [
      http('gateway', LISTS_ROUTE, 'GET', { 200: 199, 500: 1 }),
      http('gateway', LISTS_ROUTE, 'GET', { 200: 50, 410: 25, 429: 25 }),
      http('gateway', '/readyz', 'GET', { 503: 20 }),
    ],
  },
  WatchNextCallsFail: ['INTERNAL', 'UNKNOWN', 'UNAVAILABLE', 'INVALID_ARGUMENT'].map((code) => ({
    fires: calls('retrieval', 'Retrieve', { OK: 98, [code]: 2 }),
    labels: { job: 'retrieval', rpc: 'Retrieve' },
    summary: 'retrieval fails 2% of the calls of Retrieve.',
    silent: [
      calls('retrieval', 'Retrieve', { OK: 199, [code]: 1 }),
      calls('retrieval', 'Retrieve', { OK: 80, CANCELLED: 10, RESOURCE_EXHAUSTED: 5, FAILED_PRECONDITION: 5 }),
    ],
  })),
  WatchNextTargetDown: {
    fires: { 'up{namespace="watchnext",job="ranking",pod="ranking-1"}': staying(0), ...up(['gateway']) },
    labels: { job: 'ranking', pod: 'ranking-1' },
    summary: 'Prometheus gets no metrics of ranking-1.',
    silent: [up(JOBS), { 'up{namespace="others",job="gateway",pod="gateway-1"}': staying(0) }],
  },
  WatchNextTargetMissing: JOBS.map((missing) => ({
    fires: { ...up(JOBS.filter((one) => one !== missing)), ...up([missing], 'others') },
    labels: { namespace: 'watchnext', job: missing },
    summary: `Prometheus knows of no pod of ${missing}: none of its alerts can fire.`,
    silent: [up(JOBS)],
  })),
  WatchNextKubernetesUnseen: {
    fires: replicas(2, 2, 'others'),
    labels: { namespace: 'watchnext' },
    summary:
      'kube-state-metrics tells nothing of our namespace: no alert on missing pods, or on jobs that fail, can fire.',
    silent: [replicas(2, 2)],
  },
  WatchNextListsDegraded: {
    fires: { ...lists(100), ...failures('rank', 'dependency-late', 10) },
    summary: '10% of the lists or more come from a lower rung, as a stage fails.',
    silent: [
      { ...lists(100), ...failures('rank', 'dependency-late', 4) },
      { ...lists(100), ...failures('rank', 'chosen', 50) },
    ],
  },
  WatchNextListsFromMemory: {
    fires: {
      ...lists(90),
      'watchnext_gateway_answers_total{pod="gateway-1",rung="memory-popular"}': growing(10),
      ...failures('retrieve', 'dependency-unreachable', 10),
    },
    summary: '10% of the lists come from the memory of the gateway: neither retrieval nor a snapshot helps.',
    silent: [
      { ...lists(90), 'watchnext_gateway_answers_total{pod="gateway-1",rung="memory-popular"}': growing(10) },
      { ...lists(100), ...failures('retrieve', 'dependency-unreachable', 10) },
    ],
  },
  WatchNextListsSlow: {
    fires: {
      'watchnext_gateway_request_seconds_bucket{le="0.4"}': growing(96),
      watchnext_gateway_request_seconds_count: growing(100),
    },
    summary: '4% of the lists take longer than 0.4 s; the deadline is 0.5 s.',
    silent: [
      {
        'watchnext_gateway_request_seconds_bucket{le="0.3"}': growing(96),
        'watchnext_gateway_request_seconds_bucket{le="0.4"}': growing(100),
        watchnext_gateway_request_seconds_count: growing(100),
      },
    ],
  },
  WatchNextRequestsShed: {
    fires: { watchnext_gateway_shed_requests_total: growing(60) },
    summary: '1 requests a second are turned away (429): more come than can be answered in time.',
    silent: [{ watchnext_gateway_shed_requests_total: growing(6) }],
  },
  WatchNextCircuitOpen: [
    {
      fires: { ...circuit(0.5), ...failures('rank', 'circuit-open', 5) },
      labels: { dependency: 'ranking' },
      summary: 'A gateway has stopped to ask ranking, which kept failing.',
      silent: [
        // Nobody has called since.
        circuit(1),
        { ...circuit(0.5), ...failures('rank', 'programmer', 5) },
        { ...circuit(0.5), ...failures('rank', 'circuit-open', 0) },
        { ...circuit(0), ...failures('rank', 'dependency-late', 5) },
        {
          ...circuit(1),
          'watchnext_gateway_stage_failures_total{pod="gateway-2",stage="rank",category="circuit-open"}': growing(5),
        },
      ],
    },
    {
      fires: {
        'watchnext_gateway_circuit_open{pod="gateway-1",dependency="collector"}': staying(1),
        'watchnext_http_requests_total{job="gateway",pod="gateway-1",route="/v1/events",method="POST",status="502"}':
          growing(5),
      },
      labels: { dependency: 'collector' },
      summary: 'A gateway has stopped to ask collector, which kept failing.',
      silent: [],
    },
  ],
  WatchNextEventLoopLate: {
    fires: { 'watchnext_event_loop_lag_seconds{pod="ranking-1",quantile="0.99"}': staying(0.1) },
    labels: { pod: 'ranking-1' },
    summary: 'The event loop of ranking-1 is 0.1 s late: something computes on it.',
    silent: [{ 'watchnext_event_loop_lag_seconds{pod="ranking-1",quantile="1"}': staying(0.1) }],
  },
  WatchNextImpressionsUnlogged: {
    fires: { ...lists(100), ...failures('log-impressions', 'dependency-late', 1) },
    summary: '1% of the lists are shown without a record in the log: the trainer will not learn from them.',
    silent: [
      { ...lists(1_000), ...failures('log-impressions', 'dependency-late', 4) },
      { ...lists(100), ...failures('rank', 'dependency-late', 10) },
    ],
  },
  WatchNextFewImpressionsUnlogged: {
    fires: { watchnext_gateway_unlogged_impressions_total: '0x53 20x10' },
    summary: '20 impressions were shown without a record in the log.',
    silent: [{ watchnext_gateway_unlogged_impressions_total: '0x10 20x50' }],
  },
  WatchNextExperimentsRefused: {
    fires: { watchnext_gateway_refused_experiment_files_total: '0x50 1x10' },
    summary: 'A version of the file of experiments was refused; the last good one is in force.',
    silent: [{ watchnext_gateway_refused_experiment_files_total: staying(1) }],
  },
  WatchNextSnapshotOld: {
    fires: {
      'watchnext_snapshot_age_seconds{job="ranking",pod="ranking-1"}': staying(90_000),
      'watchnext_snapshot_age_seconds{job="ranking",pod="ranking-2"}': staying(600),
    },
    labels: { job: 'ranking', pod: 'ranking-1' },
    summary: 'The snapshot that ranking-1 serves is 1d 1h 0m 0s old.',
    silent: [
      {
        'watchnext_snapshot_age_seconds{job="ranking",pod="ranking-1"}': staying(80_000),
        'watchnext_snapshot_age_seconds{job="gateway",pod="gateway-1"}': staying(90_000),
      },
    ],
  },
  WatchNextTrainerFailed: {
    fires: job('trainer', 1, 500),
    summary: 'A run of the trainer, started at 1970-01-01 00:16:40 +0000 UTC, failed, and none has succeeded since.',
    silent: [job('trainer', 1, 2_000), job('trainer', 0, 500)],
  },
  WatchNextCheckpointFailed: {
    fires: job('checkpoint', 1, 500),
    summary:
      'A checkpoint, started at 1970-01-01 00:16:40 +0000 UTC, failed, and none has succeeded since: a rebuild would begin further back.',
    silent: [job('checkpoint', 1, 2_000), job('checkpoint', 0, 500)],
  },
  WatchNextArchiveMergeFailed: {
    fires: job('merge-archive', 1, 500),
    summary:
      'A merge of the archive, started at 1970-01-01 00:16:40 +0000 UTC, failed, and none has succeeded since: small files grow in number, and reading slows down.',
    silent: [job('merge-archive', 1, 2_000), job('merge-archive', 0, 500)],
  },
  WatchNextExpiryFailed: {
    fires: job('expire', 1, 500),
    summary:
      'Letting go of viewers who stay away, started at 1970-01-01 00:16:40 +0000 UTC, failed, and has not succeeded since: the feature store fills.',
    silent: [job('expire', 1, 2_000), job('expire', 0, 500)],
  },
  WatchNextSnapshotRefused: {
    fires: { 'watchnext_snapshot_refusals_total{job="ranking",reason="scores-not-finite"}': '0x50 1x10' },
    labels: { job: 'ranking', reason: 'scores-not-finite' },
    summary: 'ranking refused a snapshot (scores-not-finite) and serves the one before.',
    silent: [{ 'watchnext_snapshot_refusals_total{job="ranking",reason="scores-not-finite"}': staying(1) }],
  },
  WatchNextSnapshotPointerFails: {
    // Every look runs into its limit: one in twelve seconds.
    fires: { 'watchnext_snapshot_pointer_failures_total{job="ranking",pod="ranking-1"}': growing(5) },
    labels: { job: 'ranking', pod: 'ranking-1' },
    summary: 'ranking-1 cannot read which snapshot is current: it serves the one that it has, whatever is published.',
    silent: [{ 'watchnext_snapshot_pointer_failures_total{job="ranking",pod="ranking-1"}': '0x50 3x10' }],
  },
  WatchNextRecallLow: {
    fires: { watchnext_retrieval_index_recall_at_100: staying(0.85) },
    summary: 'The index finds 85% of the 100 nearest videos.',
    silent: [{ watchnext_retrieval_index_recall_at_100: staying(0.95) }],
  },
  WatchNextSearchesRefused: {
    fires: { watchnext_retrieval_refused_searches_total: growing(60) },
    summary: 'Retrieval refuses 1 searches a second: too many wait.',
    silent: [{ watchnext_retrieval_refused_searches_total: growing(3) }],
  },
  WatchNextVideosLeftOut: {
    fires: { watchnext_retrieval_videos_without_room: staying(7) },
    summary: '7 new videos found no room in the index.',
    silent: [{ watchnext_retrieval_videos_without_room: staying(0) }],
  },
  WatchNextFollowerSilent: {
    fires: {
      'watchnext_follower_heartbeat_age_seconds{job="gateway",pod="gateway-1",follower="catalogue"}': staying(40),
    },
    labels: { job: 'gateway', pod: 'gateway-1', follower: 'catalogue' },
    summary: 'gateway-1 has heard nothing of the log for 40 s: its catalogue stands still.',
    silent: [
      { 'watchnext_follower_heartbeat_age_seconds{job="gateway",pod="gateway-1",follower="catalogue"}': staying(5) },
    ],
  },
  WatchNextFollowerBehind: {
    fires: { 'watchnext_follower_lag_records{job="gateway",pod="gateway-1",follower="catalogue"}': staying(3) },
    labels: { job: 'gateway', pod: 'gateway-1', follower: 'catalogue' },
    summary:
      'gateway-1 is 3 records behind the log with its catalogue: videos that were withdrawn may still be shown, and new ones are unknown.',
    silent: [{ 'watchnext_follower_lag_records{job="gateway",pod="gateway-1",follower="trending"}': staying(3) }],
  },
  WatchNextDeadLetters: [
    {
      // The code's first: its series begins with it.
      fires: { 'watchnext_ingestion_dead_letters_total{pod="ingestion-materialise-1",code="too-old"}': '_x51 3x10' },
      labels: { code: 'too-old' },
      summary: '3 records could not be folded (too-old), and are in no state.',
      silent: [{ 'watchnext_ingestion_dead_letters_total{pod="ingestion-materialise-1",code="too-old"}': staying(3) }],
    },
    {
      fires: { 'watchnext_ingestion_dead_letters_total{pod="ingestion-materialise-1",code="too-old"}': growing(2) },
      labels: { code: 'too-old' },
      summary: '30 records could not be folded (too-old), and are in no state.',
      silent: [],
    },
  ],
  WatchNextFeatureStoreFills: {
    fires: storeMemory(0.5, 0.85),
    summary: 'Redis uses 85% of its memory: when it is full, no state changes any more.',
    silent: [storeMemory(0.79, 0.79), storeMemory(NaN, NaN)],
  },
  WatchNextClockOff: [-420, 420].map((seconds) => ({
    fires: clockOffset('ingestion-collect-1', seconds),
    labels: { pod: 'ingestion-collect-1' },
    summary: 'The clock of ingestion-collect-1 and that of Redis differ by 7m 0s.',
    silent: [clockOffset('ingestion-collect-1', -55), clockOffset('ingestion-collect-1', NaN)],
  })),
  WatchNextEventsRejected: {
    fires: {
      'watchnext_ingestion_events_total{result="accepted",code=""}': growing(98),
      'watchnext_ingestion_events_total{result="rejected",code="too-old"}': growing(2),
    },
    summary: '2% of the events are rejected, and are nowhere but with who sent them.',
    silent: [
      {
        'watchnext_ingestion_events_total{result="accepted",code=""}': growing(50),
        'watchnext_ingestion_events_total{result="duplicate",code=""}': growing(50),
      },
    ],
  },
  WatchNextEventsTurnedAway: ['401', '429'].map((status) => ({
    fires: http('ingestion-collect', '/v1/events', 'POST', { 200: 90, [status]: 10 }),
    labels: { job: 'ingestion-collect' },
    summary: 'ingestion-collect turns 10% of the batches of events away, by 401 or 429.',
    silent: [
      http('ingestion-collect', '/v1/events', 'POST', { 200: 98, [status]: 2 }),
      http('ingestion-collect', '/v1/lag', 'GET', { 200: 50, 401: 50 }),
    ],
  })),
  WatchNextEventsFail: {
    fires: http('gateway', '/v1/events', 'POST', { 200: 90, 502: 10 }),
    labels: { job: 'gateway' },
    summary: 'gateway answers 10% of the batches of events with 5xx: they are lost once who sent them gives up.',
    silent: [http('gateway', '/v1/events', 'POST', { 200: 98, 502: 2 })],
  },
  WatchNextIngestionLag: {
    fires: { 'watchnext_ingestion_consumer_lag_records{role="archive"}': staying(300_000) },
    labels: { role: 'archive' },
    summary: 'Role archive is 300000 records behind the log.',
    silent: [{ 'watchnext_ingestion_consumer_lag_records{role="archive"}': staying(100_000) }],
  },
  WatchNextIngestionFails: {
    fires: { 'watchnext_ingestion_batch_failures_total{role="archive",topic="watchnext.activity.v1"}': growing(6) },
    labels: { role: 'archive', topic: 'watchnext.activity.v1' },
    summary: 'Role archive fails 0.1 times a second on watchnext.activity.v1, and tries again.',
    silent: [{ 'watchnext_ingestion_batch_failures_total{role="archive",topic="watchnext.activity.v1"}': '0x50 1x10' }],
  },
  WatchNextLogShortened: [
    // Before the first scrape of a pod, of which there are few.
    { fires: shortened('5x2'), silent: [shortened(staying(0))] },
    { fires: shortened('0x2 30000x100'), silent: [shortened(staying(5))], stepMinutes: 30 },
  ].map((one) => ({
    ...one,
    labels: { role: 'archive', topic: 'watchnext.activity.v1' },
    summary: 'The log of watchnext.activity.v1 ended before what role archive had taken from it.',
  })),
  WatchNextArchiveUnwritten: {
    fires: unwritten(700),
    labels: { topic: 't' },
    summary: 'Records of t have waited for 700 s to be archived.',
    silent: [unwritten(60)],
  },
  WatchNextPodsMissing: {
    fires: replicas(3, 1),
    labels: { deployment: 'gateway' },
    summary: 'gateway lacks 2 pods.',
    silent: [replicas(3, 3), replicas(3, 4), replicas(3, 1, 'others')],
  },
  WatchNextCertificateExpires: {
    fires: { 'watchnext_tls_certificate_expiry_seconds{job="ranking",pod="ranking-1"}': staying(868_000) },
    labels: { job: 'ranking', pod: 'ranking-1' },
    // Where the test's clock stands at 3,600.
    summary: 'The certificate of ranking-1 ends in 10d 0h 6m 40s.',
    silent: [{ 'watchnext_tls_certificate_expiry_seconds{job="ranking",pod="ranking-1"}': staying(15 * 86_400) }],
  },
  WatchNextCertificateUnusable: {
    fires: unusable(60),
    labels: { job: 'ranking', files: 'WATCHNEXT_KAFKA_TLS' },
    summary: 'ranking cannot use the renewed certificates of WATCHNEXT_KAFKA_TLS.',
    // Each renewal finds its files half written for a while.
    silent: [unusable(5), unusable(0)],
  },
  WatchNextWatchTimeDown: {
    fires: feedback(20_000, 10, 7),
    summary: 'An impression brings 70% of the watch time that it brought at this time a week ago.',
    silent: [
      feedback(20_000, 10, 9),
      feedback(20_000, 7, 10),
      // Too few to tell.
      feedback(1_000, 10, 7),
    ],
    stepMinutes: 180,
  },
  WatchNextRolloutPodsMissing: [
    'namespace="watchnext"',
    'namespace="argo-rollouts",exported_namespace="watchnext"',
  ].map((labels) => ({
    fires: rollout(labels, 3, 2),
    labels: { name: 'gateway' },
    summary: 'gateway lacks 1 pods.',
    silent: [
      rollout(labels, 3, 3),
      rollout('namespace="others"', 3, 0),
      rollout('namespace="argo-rollouts",exported_namespace="others"', 3, 0),
    ],
  })),
};
