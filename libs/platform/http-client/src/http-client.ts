/**
 * Posts to one address over HTTP/1.1, on connections that are kept, with certificates on both sides where they are given. By Node's own
 * client, since `fetch` takes certificates only by a package of its own. What is posted may come twice, as events may, which have an id.
 */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, TLSSocket } from 'node:tls';

/** PEM of the authority that is trusted, and of the own certificate and its key. */
export interface ClientCertificates {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name that the called side's certificate carries, where it is not the host of its address. */
  readonly servername?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One side has a certificate that the other does not take. */
export class DistrustError extends Error {
  /** @param code what is wrong with it, as TLS names it */
  constructor(
    readonly code: string,
    options: ErrorOptions,
  ) {
    super(`certificates are not trusted (${code})`, options);
    this.name = 'DistrustError';
  }
}

/** Far below what the collector keeps idle connections for (Fastify: 72 s): one that it is about to close is not used any more. */
const IDLE_MS = 15_000;

const CODES_OF_END: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** Before any answer: whether the request was read is not known. */
class KeptConnectionEndedError extends Error {}

export class HttpClient {
  private readonly agent: HttpAgent;
  private readonly request: typeof httpRequest;

  /**
   * @param url http: or https:, of which only the latter uses certificates
   * @param certificates looked at for each call, so that they may be renewed there: the connections of those before are used no more
   * @throws Error of TLS for a certificate or key that is none
   */
  constructor(
    readonly url: URL,
    private readonly certificates: ClientCertificates = {},
  ) {
    const isTls = url.protocol === 'https:';
    const kept = { keepAlive: true, timeout: IDLE_MS };
    // What is no certificate is told at the start and not with each call.
    if (isTls) createSecureContext(certificates);
    this.agent = isTls ? new HttpsAgent(kept) : new HttpAgent(kept);
    this.request = isTls ? httpsRequest : httpRequest;
  }

  /**
   * Redirections are answers like others. What meets the end of a kept connection, which a server may close at any time, is sent once
   * more, on a new one.
   * @throws DistrustError; else Node's own, that of an abort among them
   */
  async post(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      return await this.postBy(this.agent, body, headers, signal);
    } catch (error) {
      if (!(error instanceof KeptConnectionEndedError)) throw error;
      // Others that are kept may have ended with it.
      return this.postBy(false, body, headers, signal);
    }
  }

  /** @param agent false for a connection of its own */
  private postBy(
    agent: HttpAgent | false,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const options = {
        // The agent has connections of their own, and TLS sessions, for each set of certificates.
        ...this.certificates,
        agent,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
        signal,
      };
      let isAnswered = false;
      const running = this.request(this.url, options, (answer) => {
        isAnswered = true;
        bodyOf(answer)
          .then((received) => resolve({ status: answer.statusCode as number, headers: answer.headers, body: received }))
          .catch(fail);
      });
      const fail = (error: NodeJS.ErrnoException) => {
        const isOfEnd = running.reusedSocket && !isAnswered && CODES_OF_END.has(error.code);
        reject(
          isOfEnd ? new KeptConnectionEndedError(error.message, { cause: error }) : translated(error, running.socket),
        );
      };
      running.on('error', fail);
      running.end(body);
    });
  }

  /** Ends the connections; what is under way fails. */
  close(): void {
    this.agent.destroy();
  }
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * A server that knows our certificate to be of another authority closes the connection without a word, which cannot be told from
 * its going away; its own log says so.
 */
function translated(error: NodeJS.ErrnoException, socket: unknown): Error {
  // Said to be an Error, and is its code.
  const ofTheirs: unknown = socket instanceof TLSSocket ? socket.authorizationError : undefined;
  const { code = '' } = error;
  const distrust = /^ERR_SSL_.*_ALERT_/.test(code) ? code : ofTheirs;
  return distrust ? new DistrustError(String(distrust), { cause: error }) : error;
}
