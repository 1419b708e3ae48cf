/** Calls to ingestion's collector: events passed on over HTTP, with certificates on both sides where the settings give them. */
import { clientTls } from '@watchnext/config';
import { DistrustError, type HttpAnswer, HttpClient } from '@watchnext/http-client';
import type { GatewaySettings } from '../config';
import type { StageLimits } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import type { Dependency } from '../resilience/dependency';

export interface CollectorClient {
  /** Once: whoever sent the events sends them again. @throws DependencyError, a CollectorDistrustError among them; CallerGoneError */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, limits: StageLimits): Promise<HttpAnswer>;
  close(): void;
}

/** One side has a certificate that the other does not take. */
export class CollectorDistrustError extends DependencyError {
  /** @param code what is wrong with it, as TLS names it */
  constructor(
    dependency: string,
    readonly code: string,
    options: ErrorOptions,
  ) {
    super(dependency, 'dependency-unreachable', `certificates are not trusted (${code})`, options);
    this.name = 'CollectorDistrustError';
  }
}

/** @throws ConfigError for a certificate that cannot be read */
export function connectCollector(settings: GatewaySettings, dependency: Dependency): CollectorClient {
  const client = new HttpClient(new URL('/v1/events', settings.WATCHNEXT_INGESTION_URL), clientTls(settings));
  return {
    send: (body, headers, limits) =>
      dependency.once(async (signal) => {
        const answer = await client.post(body, headers, signal).catch((error: Error) => {
          throw translated(dependency.name, error);
        });
        if (answer.status === 200 && !hasVerdicts(answer.body))
          throw new DependencyError(dependency.name, 'dependency-failed', 'the answer has no verdict on each event');
        return answer;
      }, limits),
    close: () => client.close(),
  };
}

const VERDICTS: readonly unknown[] = ['accepted', 'duplicate', 'rejected'];

/**
 * Whether a producer can tell from it which events were taken: not so from a damaged answer, or from one of something else. How
 * many were sent is not known here, bodies pass unread; so it is held to what it says itself.
 */
function hasVerdicts(body: Buffer): boolean {
  try {
    const { accepted, results } = JSON.parse(body.toString()) as { accepted?: unknown; results?: unknown };
    if (!Array.isArray(results)) return false;
    const verdicts = results as readonly ({ index?: unknown; status?: unknown } | null)[];
    const indices = new Set(verdicts.map((one) => one?.index));
    return (
      verdicts.every((one, place) => indices.has(place) && VERDICTS.includes(one?.status)) &&
      verdicts.filter((one) => one?.status === 'accepted').length === accepted
    );
  } catch {
    return false;
  }
}

function translated(dependency: string, error: Error): DependencyError {
  return error instanceof DistrustError
    ? new CollectorDistrustError(dependency, error.code, { cause: error })
    : new DependencyError(dependency, 'dependency-unreachable', error.message, { cause: error });
}
