/**
 * Who may see the console: the page, and the routes that tell of users and models beyond a viewer's own list. They ask for
 * the token of `WATCHNEXT_CONSOLE_TOKEN_FILE`, as `Authorization: Bearer …` or, for the page, in a cookie that signing in sets.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError, isAskedByAddress, mayBeOfPage } from '@watchnext/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config';
import { KeyFile, KeyFileError } from './key-file';
import { SIGN_IN_HEADERS, signInPage } from './sign-in-page';

const COOKIE = 'watchnext-console';
/** Tells the page's scripts, which do not see the other, that there is something to sign out of. */
const SIGNED_IN_COOKIE = 'watchnext-console-signed-in';
const SIGN_IN = '/console/sign-in';
const SIGN_OUT = '/console/sign-out';
/** Shorter ones can be guessed. */
const LEAST_TOKEN_CHARACTERS = 16;
const MOST_BODY_BYTES = 4_096;

/** Patterns of routes that are the console's besides its files. */
export const CONSOLE_ROUTES: ReadonlySet<string> = new Set(['/v1/users', '/v1/users/:id/history', '/v1/snapshot']);
const RECOMMENDATIONS = '/v1/users/:id/recommendations';

/** @param files addresses of the page's files */
export function guardConsole(fastify: FastifyInstance, settings: GatewaySettings, files: ReadonlySet<string>): void {
  const isOfConsole = (request: FastifyRequest, route: string) =>
    files.has(route) || CONSOLE_ROUTES.has(route) || isForConsole(request, route);
  if (settings.WATCHNEXT_CONSOLE === 'open') {
    fastify.addHook('onRequest', async (request) => {
      const isGuarded =
        mayBeOfPage(request, settings.WATCHNEXT_HOST) || isOfConsole(request, request.routeOptions.url ?? '');
      if (isGuarded && !isAskedByAddress(request)) throw misdirected();
    });
    return;
  }
  const { WATCHNEXT_CONSOLE_TOKEN_FILE: path } = settings;
  const token = path === undefined ? undefined : new KeyFile(path);
  fastify.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url ?? '';
    if (!isOfConsole(request, route)) return;
    const wanted = await wantedToken(token);
    if (isToken(bearerOf(request) ?? cookieOf(request), wanted)) return;
    if (!files.has(route))
      throw new ApiError(401, 'unauthorized', 'the console needs its token, as a bearer', 'authorization');
    await reply
      .status(401)
      .headers(SIGN_IN_HEADERS)
      .send(signInPage(SIGN_IN, request.url, false));
  });
  fastify.post(SIGN_IN, { bodyLimit: MOST_BODY_BYTES }, async (request, reply) => {
    const form = new URLSearchParams(String(request.body ?? ''));
    const given = form.get('token')?.trim();
    const next = ownAddress(form.get('next') ?? '/', files);
    if (!isToken(given, await wantedToken(token))) {
      return reply
        .status(401)
        .headers(SIGN_IN_HEADERS)
        .send(signInPage(SIGN_IN, next, true));
    }
    setCookies(request, reply, encodeURIComponent(given!), '1');
    return reply.status(303).header('location', next).send();
  });
  fastify.post(SIGN_OUT, async (request, reply) => {
    setCookies(request, reply, '; Max-Age=0', '; Max-Age=0');
    return reply.status(204).send();
  });
}

const misdirected = () =>
  new ApiError(
    421,
    'misdirected',
    'an open console answers to localhost and to addresses, not to names: ask by one of those, or set WATCHNEXT_CONSOLE=token ' +
      'and a token by WATCHNEXT_CONSOLE_TOKEN_FILE',
    'host',
  );

function setCookies(request: FastifyRequest, reply: FastifyReply, token: string, mark: string): void {
  const isSecure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
  const attributes = `; Path=/; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  void reply.header('set-cookie', [
    `${COOKIE}=${token}${attributes}; HttpOnly`,
    `${SIGNED_IN_COOKIE}=${mark}${attributes}`,
  ]);
}

/** Path and query of one of the console's files; anything else, which may lead to another host, becomes the page. */
function ownAddress(address: string, files: ReadonlySet<string>): string {
  const base = 'http://own.invalid';
  const { origin, pathname, search } = URL.canParse(address, base) ? new URL(address, base) : new URL(base);
  return origin === base && files.has(pathname) ? `${pathname}${search}` : '/';
}

/**
 * What explains a list tells the model's features, and costs many times a list. A preview leaves no trace in the log: an
 * application that asked for its lists so would starve training without anyone's noticing.
 */
function isForConsole(request: FastifyRequest, route: string): boolean {
  const { explain, preview } = request.query as Record<string, unknown>;
  return route === RECOMMENDATIONS && (explain === 'true' || preview === 'true');
}

/** @throws ApiError 403 where none is configured: a console without a token is shut, not open */
async function wantedToken(file: KeyFile | undefined): Promise<string> {
  let unreadable: KeyFileError | undefined;
  const token = await file?.read().catch((error: unknown) => {
    if (!(error instanceof KeyFileError)) throw error;
    unreadable = error;
    return undefined;
  });
  if (token !== undefined && token.length >= LEAST_TOKEN_CHARACTERS) return token;
  throw new ApiError(
    403,
    'console-closed',
    `the console is closed${unreadable ? `, as ${unreadable.message}` : ''}: put a token of at least ` +
      `${LEAST_TOKEN_CHARACTERS} characters into a file and name it by WATCHNEXT_CONSOLE_TOKEN_FILE, or set WATCHNEXT_CONSOLE=open`,
    undefined,
    { cause: unreadable },
  );
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function cookieOf(request: FastifyRequest): string | undefined {
  const found = (request.headers.cookie ?? '').split('; ').find((one) => one.startsWith(`${COOKIE}=`));
  try {
    return found && decodeURIComponent(found.slice(COOKIE.length + 1));
  } catch {
    return undefined;
  }
}

/** In a time that says nothing of where, or in which length, they differ. */
export function isToken(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(wanted)) && given !== undefined;
}
