const TIMEOUT_MS = 10_000;

/** GETs JSON. @throws Error naming the address, for an answer that is none or not 2xx */
export async function getJson<Answer>(url: string, signal?: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Answer;
}
