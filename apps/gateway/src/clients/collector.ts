/** Calls to ingestion's collector: events passed on over HTTP, with certificates on both sides where the settings give them. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';
import { httpsClientOptions } from '@watchnext/service';
import type { GatewaySettings } from '../config';
import type { StageLimits } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import type { Dependency } from '../resilience/dependency';

export interface CollectorAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface CollectorClient {
  /** Once: whoever sent the events sends them again. @throws DependencyError, a CollectorDistrustError among them; CallerGoneError */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, limits: StageLimits): Promise<CollectorAnswer>;
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

/** Far below what the collector keeps idle connections for (Fastify: 72 s): one that it is about to close is not used any more. */
const IDLE_MS = 15_000;

/** @throws ConfigError for a certificate that cannot be read */
export function connectCollector(settings: GatewaySettings, dependency: Dependency): CollectorClient {
  const url = new URL('/v1/events', settings.WATCHNEXT_INGESTION_URL);
  const isTls = url.protocol === 'https:';
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agent = isTls ? new HttpsAgent({ ...kept, ...httpsClientOptions(settings) }) : new HttpAgent(kept);
  const request = isTls ? httpsRequest : httpRequest;
  return {
    send: (body, headers, limits) => {
      const call: Request = (options, onAnswer) => request(url, { agent, ...options }, onAnswer);
      return dependency.once((signal) => exchange(dependency.name, call, body, headers, signal), limits);
    },
    close: () => agent.destroy(),
  };
}

type Request = (options: RequestOptions, onAnswer: (answer: IncomingMessage) => void) => ReturnType<typeof httpRequest>;

function exchange(
  dependency: string,
  request: Request,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CollectorAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': body.length }, signal };
    const running = request(options, (answer) => {
      bodyOf(answer)
        .then((received) => {
          const { statusCode, headers: answered } = answer;
          if (statusCode === 200 && !hasVerdicts(received)) {
            reject(new DependencyError(dependency, 'dependency-failed', 'the answer has no verdict on each event'));
          } else resolve({ status: statusCode as number, headers: answered, body: received });
        })
        .catch(fail);
    });
    const fail = (error: NodeJS.ErrnoException) => reject(translated(dependency, error, running.socket));
    running.on('error', fail);
    running.end(body);
  });
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const VERDICTS: readonly unknown[] = ['accepted', 'duplicate', 'rejected'];

/** Whether a producer can tell from it which events were taken: not so from a damaged answer, or from one of something else. */
function hasVerdicts(body: Buffer): boolean {
  try {
    const { results } = JSON.parse(body.toString()) as { results?: unknown };
    return (
      Array.isArray(results) && results.every((one: { status?: unknown } | null) => VERDICTS.includes(one?.status))
    );
  } catch {
    return false;
  }
}

/**
 * A collector that knows our certificate to be of another authority closes the connection without a word, which cannot be told from
 * its going away; its own log says so.
 */
function translated(dependency: string, error: NodeJS.ErrnoException, socket: unknown): DependencyError {
  // Said to be an Error, and is its code.
  const ofTheirs: unknown = socket instanceof TLSSocket ? socket.authorizationError : undefined;
  const { code = '' } = error;
  const distrust = /^ERR_SSL_.*_ALERT_/.test(code) ? code : ofTheirs;
  return distrust
    ? new CollectorDistrustError(dependency, String(distrust), { cause: error })
    : new DependencyError(dependency, 'dependency-unreachable', error.message, { cause: error });
}
