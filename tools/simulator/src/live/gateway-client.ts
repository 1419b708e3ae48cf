/** The gateway's recommendations as a viewer's app asks for them. */
export interface RecommendationItem {
  readonly videoId: string;
  readonly impressionId: string;
  readonly position: number;
  readonly title: string;
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly durationSeconds: number;
  readonly source: string;
  /** Expected watch seconds; absent on rungs without ranking. */
  readonly score?: number;
}

export interface RecommendationsQuery {
  readonly limit: number;
  readonly surface: string;
  /** The video being watched, for up-next lists. */
  readonly seed?: string;
  readonly country?: string;
  readonly device?: string;
  /** Of the page before: asks for the next one. */
  readonly cursor?: string | undefined;
}

export interface Recommendations {
  readonly userId: string;
  readonly requestId: string;
  readonly snapshotId: string;
  /** Step of the degradation ladder, "full" for a full answer. */
  readonly rung: string;
  readonly rungReason?: string;
  readonly items: readonly RecommendationItem[];
  /** Absent at the end. */
  readonly nextCursor?: string;
}

/** The gateway answered with an error, or with something that is no list; `status` is 0 where no answer came. */
export class GatewayError extends Error {
  constructor(
    readonly status: number,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'GatewayError';
  }
}

const TIMEOUT_MS = 10_000;

export class GatewayClient {
  constructor(private readonly url: string) {}

  /** @throws GatewayError */
  async recommendations(userId: string, query: RecommendationsQuery, signal?: AbortSignal): Promise<Recommendations> {
    const { limit, ...rest } = query;
    const given = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '');
    const parameters = new URLSearchParams({ limit: String(limit), ...Object.fromEntries(given) });
    const body = (await this.get(
      `/v1/users/${encodeURIComponent(userId)}/recommendations?${parameters}`,
      signal,
    )) as Recommendations;
    if (!Array.isArray(body?.items)) throw new GatewayError(200, 'the gateway answered without a list of items');
    return body;
  }

  /** GETs JSON. @throws GatewayError */
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    let response: Response;
    try {
      const limit = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(new URL(path, this.url), { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    } catch (error) {
      throw new GatewayError(0, `the gateway at ${this.url} did not answer: ${describe(error)}`, { cause: error });
    }
    const text = await response.text();
    if (!response.ok)
      throw new GatewayError(response.status, `GET ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new GatewayError(response.status, `GET ${path} answered something that is no JSON`, { cause: error });
    }
  }
}

/** fetch says only "fetch failed"; its cause says why. */
function describe(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
