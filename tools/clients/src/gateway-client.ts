import { AnswerError, JsonClient } from './json-client';

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

export class GatewayClient extends JsonClient {
  constructor(url: string) {
    super('gateway', url);
  }

  /** @throws AnswerError */
  async recommendations(userId: string, query: RecommendationsQuery, signal?: AbortSignal): Promise<Recommendations> {
    const { limit, ...rest } = query;
    const given = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '');
    const parameters = new URLSearchParams({ limit: String(limit), ...Object.fromEntries(given) });
    const body = await this.get<Recommendations>(
      `/v1/users/${encodeURIComponent(userId)}/recommendations?${parameters}`,
      signal,
    );
    if (!Array.isArray(body?.items)) throw new AnswerError(200, 'the gateway answered without a list of items');
    return body;
  }
}
