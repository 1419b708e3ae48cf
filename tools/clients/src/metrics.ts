import { AnswerError } from './json-client';

const TIMEOUT_MS = 10_000;

/** What a service tells at /metrics, in Prometheus' text format. @throws AnswerError for an answer that is an error; what `fetch` throws */
export async function metricsText(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (!response.ok)
    throw new AnswerError(response.status, `GET /metrics answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

/** The sum over all series of a metric; 0 where none is told. @throws as `metricsText` */
export async function readMetric(url: string, name: string): Promise<number> {
  const values = (await metricsText(url)).matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
