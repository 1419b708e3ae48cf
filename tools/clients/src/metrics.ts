const TIMEOUT_MS = 10_000;

/** What a service tells at /metrics, in Prometheus' text format. */
export async function metricsText(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return response.text();
}

/** The sum over all series of a metric; 0 where none is told. */
export async function readMetric(url: string, name: string): Promise<number> {
  const values = (await metricsText(url)).matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
