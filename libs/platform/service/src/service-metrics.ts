/** Measures what every service has: its process, its HTTP requests, its calls. */
import { readdirSync } from 'node:fs';
import { type ServiceError, status as codes } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { onceOver } from './caller-connection';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';

/** Event loop, memory, processor time, files. @param eventLoopLookMs as `watchEventLoop` */
export function watchProcess(metrics: MetricsRegistry, eventLoopLookMs?: number): void {
  metrics.watchEventLoop(eventLoopLookMs);
  const startedAtSeconds = Date.now() / 1_000 - process.uptime();
  metrics.gauge(SERVICE_METRICS.residentMemory, () => process.memoryUsage.rss());
  metrics.gauge(SERVICE_METRICS.startTime, () => startedAtSeconds);
  metrics.gaugeSeries(SERVICE_METRICS.openFiles, () => {
    const count = openFileCount();
    return count === undefined ? [] : [[{}, count]];
  });
  metrics.counterFrom(SERVICE_METRICS.cpuSeconds, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
}

function openFileCount(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

/** Counts every request by its route's pattern, so that ids in addresses make no series. To be called before routes are added. */
export function countHttpRequests(fastify: FastifyInstance, metrics: MetricsRegistry): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const startedAt = performance.now();
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    onceOver(reply, (status) => {
      metrics.count(SERVICE_METRICS.httpRequests, { route, method, status: String(status) });
      metrics.observe(SERVICE_METRICS.httpSeconds, (performance.now() - startedAt) / 1_000, { route });
    });
    done();
  });
}

/** @param error undefined: answered in order */
export function countRpc(
  metrics: MetricsRegistry | undefined,
  rpc: string,
  latencyMs: number,
  error?: Pick<ServiceError, 'code'>,
): void {
  metrics?.count(SERVICE_METRICS.rpcRequests, { rpc, code: codes[error?.code ?? codes.OK] });
  metrics?.observe(SERVICE_METRICS.rpcSeconds, latencyMs / 1_000, { rpc });
}
