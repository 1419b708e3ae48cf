/** Calls to ingestion's collector: events passed on over HTTP, with certificates on both sides where the settings give them. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';
import { httpsClientOptions } from '@watchnext/service';
import type { GatewaySettings } from '../config';

export interface CollectorAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface CollectorClient {
  /** @throws CollectorError where there is no answer, or none by the time that `signal` aborts */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<CollectorAnswer>;
  close(): void;
}

export class CollectorError extends Error {
  override readonly name = 'CollectorError';

  /** @param distrust of whose certificate one side thinks what, where that was it; else the collector is away, or late */
  constructor(
    message: string,
    readonly distrust: string | undefined,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Far below what the collector keeps idle connections for (Fastify: 72 s): one that it is about to close is not used any more. */
const IDLE_MS = 15_000;

/** @throws ConfigError for a certificate that cannot be read */
export function connectCollector(settings: GatewaySettings): CollectorClient {
  const url = new URL('/v1/events', settings.WATCHNEXT_INGESTION_URL);
  const isTls = url.protocol === 'https:';
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agent = isTls ? new HttpsAgent({ ...kept, ...httpsClientOptions(settings) }) : new HttpAgent(kept);
  const request = isTls ? httpsRequest : httpRequest;
  return {
    send: (body, headers, signal) =>
      exchange((options, onAnswer) => request(url, { agent, ...options }, onAnswer), body, headers, signal),
    close: () => agent.destroy(),
  };
}

type Request = (options: RequestOptions, onAnswer: (answer: IncomingMessage) => void) => ReturnType<typeof httpRequest>;

function exchange(
  request: Request,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CollectorAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': body.length }, signal };
    const running = request(options, (answer) => {
      bodyOf(answer).then(
        (received) => resolve({ status: answer.statusCode as number, headers: answer.headers, body: received }),
        fail,
      );
    });
    const fail = (error: NodeJS.ErrnoException) => {
      const distrust = distrustOf(error, running.socket);
      reject(new CollectorError(`no answer of the collector: ${error.message}`, distrust, { cause: error }));
    };
    running.on('error', fail);
    running.end(body);
  });
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * What is wrong with a certificate, ours or the collector's. A collector that knows ours to be of another authority closes the
 * connection without a word, which cannot be told from its going away; its own log says so.
 */
function distrustOf({ code = '' }: NodeJS.ErrnoException, socket: unknown): string | undefined {
  const isAlert = /^ERR_SSL_.*_ALERT_/.test(code);
  if (isAlert) return code;
  // Said to be an Error, and is its code.
  const unauthorised: unknown = socket instanceof TLSSocket ? socket.authorizationError : undefined;
  return unauthorised ? String(unauthorised) : undefined;
}
