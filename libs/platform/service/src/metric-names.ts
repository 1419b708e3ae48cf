/** What services measure alike. All names stand here; a service's own ones in its `metrics.ts`. */
export const SERVICE_METRICS = {
  httpRequests: 'watchnext_http_requests_total',
  httpSeconds: 'watchnext_http_seconds',
  rpcRequests: 'watchnext_rpc_requests_total',
  rpcSeconds: 'watchnext_rpc_seconds',
  eventLoopLag: 'watchnext_event_loop_lag_seconds',
  snapshotInfo: 'watchnext_snapshot_info',
  snapshotAge: 'watchnext_snapshot_age_seconds',
  snapshotRefusals: 'watchnext_snapshot_refusals_total',
  snapshotPointerFailures: 'watchnext_snapshot_pointer_failures_total',
  followerAge: 'watchnext_follower_heartbeat_age_seconds',
  followerLag: 'watchnext_follower_lag_records',
  certificateExpiry: 'watchnext_tls_certificate_expiry_seconds',
  certificateRefusals: 'watchnext_tls_certificate_refusals_total',
  residentMemory: 'process_resident_memory_bytes',
  cpuSeconds: 'process_cpu_seconds_total',
  openFiles: 'process_open_fds',
  startTime: 'process_start_time_seconds',
} as const;

export const SERVICE_HELP: Readonly<Record<string, string>> = {
  [SERVICE_METRICS.httpRequests]:
    'HTTP requests that are over, by route, method and status; 408: its body did not come in time, 499: the caller left first.',
  [SERVICE_METRICS.httpSeconds]:
    'Seconds to the end of the answer, or until the connection closed before it, by route.',
  [SERVICE_METRICS.rpcRequests]: 'Calls answered, by RPC and status code.',
  [SERVICE_METRICS.rpcSeconds]: 'Seconds from a call to its answer, by RPC.',
  [SERVICE_METRICS.eventLoopLag]: 'Lateness of the event loop over the last 15 to 30 s, by quantile; 1 is the worst.',
  [SERVICE_METRICS.snapshotInfo]: 'Held snapshots: 1 for the current one, 0 for the others.',
  [SERVICE_METRICS.snapshotAge]: 'Seconds since the current snapshot was made.',
  [SERVICE_METRICS.snapshotRefusals]: 'Snapshots that were not taken, by reason; what was served is served on.',
  [SERVICE_METRICS.snapshotPointerFailures]:
    'Looks at the snapshot pointer that failed: until one succeeds, what is served is served on, however old.',
  [SERVICE_METRICS.followerAge]: 'Seconds since the log gave a sign of life to what follows it, by follower.',
  [SERVICE_METRICS.followerLag]: 'Records in the log that a follower of this process has yet to handle, by follower.',
  [SERVICE_METRICS.certificateExpiry]:
    'When the certificate that the service shows others ends, seconds since the epoch; NaN where it has none.',
  [SERVICE_METRICS.certificateRefusals]:
    'Looks at certificate files, one a second, that found what cannot be used, by the prefix of their settings; those before stay in use.',
  [SERVICE_METRICS.residentMemory]: 'Resident memory.',
  [SERVICE_METRICS.cpuSeconds]: 'Seconds of processor time, user and system.',
  [SERVICE_METRICS.openFiles]: 'Open file descriptors; absent where the system does not tell.',
  [SERVICE_METRICS.startTime]: 'When the process started, seconds since the epoch.',
};

/** Which of them belong together: a service has all of a group or none. */
const GROUPS = {
  process: ['eventLoopLag', 'residentMemory', 'cpuSeconds', 'openFiles', 'startTime'],
  http: ['httpRequests', 'httpSeconds'],
  rpc: ['rpcRequests', 'rpcSeconds'],
  snapshots: ['snapshotInfo', 'snapshotAge', 'snapshotRefusals', 'snapshotPointerFailures'],
  tls: ['certificateExpiry', 'certificateRefusals'],
  followers: ['followerAge', 'followerLag'],
} as const satisfies Record<string, readonly (keyof typeof SERVICE_METRICS)[]>;

/** Names of what every process shows of itself, and of the groups given. */
export const sharedMetrics = (...groups: Exclude<keyof typeof GROUPS, 'process'>[]): string[] =>
  (['process', ...groups] as const).flatMap((group) => GROUPS[group].map((name) => SERVICE_METRICS[name]));
