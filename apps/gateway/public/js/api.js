/** The gateway's HTTP interface, as this page uses it. */

/** An answer that is no success, in the gateway's words. */
export class ApiError extends Error {}

/** Longer than any deadline of the gateway's own. */
const ANSWER_WAIT_SECONDS = 15;

/** What went wrong, and what it is looked up by in the logs. @returns undefined: no error of the gateway's form */
function inWords(error) {
  if (!error?.message) return undefined;
  const names = [error.code, error.requestId && `request ${error.requestId}`].filter(Boolean);
  return names.length === 0 ? error.message : `${error.message} (${names.join(', ')})`;
}

async function readJson(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WAIT_SECONDS * 1000) });
  } catch (cause) {
    const isLate = cause.name === 'TimeoutError';
    const message = isLate
      ? `The gateway has not answered for ${ANSWER_WAIT_SECONDS} s.`
      : 'The gateway does not answer. Is it running?';
    throw new ApiError(message, { cause });
  }
  const body = await response.json().catch(() => undefined);
  // A collector's 401 is of a producer's key, which a viewer cannot mend.
  if (response.status === 401 && body?.error?.field === 'authorization')
    throw new ApiError('The console’s token is not the one any more: reload the page to sign in.');
  if (!response.ok) throw new ApiError(inWords(body?.error) ?? `The gateway answered ${response.status}.`);
  if (body === undefined) throw new ApiError('The gateway’s answer cannot be read.');
  return body;
}

const ofUser = (userId, rest) => `/v1/users/${encodeURIComponent(userId)}/${rest}`;

export const readOpenApi = () => readJson('/openapi.json');
export const listUsers = () => readJson('/v1/users?limit=100');
export const readHistory = (userId) => readJson(ofUser(userId, 'history'));

/** @param isPreview whether nothing of it is to be recorded */
export function recommend(userId, isPreview, cursor) {
  const query = new URLSearchParams({ limit: '12', surface: 'home', device: 'desktop', explain: 'true' });
  if (isPreview) query.set('preview', 'true');
  if (cursor) query.set('cursor', cursor);
  return readJson(ofUser(userId, `recommendations?${query}`));
}

/** A time-ordered id (UUIDv7): the collector reads an event's age from it. */
export function newEventId(atMs = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let index = 0; index < 6; index++) bytes[index] = Math.floor(atMs / 2 ** (8 * (5 - index))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export async function signOut() {
  const response = await fetch('/console/sign-out', { method: 'POST' });
  if (!response.ok) throw new ApiError(`The gateway answered ${response.status}.`);
}

/** Sends one event, `body` as in {watch: {...}}; resolves once the collector has it in the log. */
export async function sendEvent(body) {
  const event = { eventId: newEventId(), occurredAtMs: Date.now(), producer: 'console-page', ...body };
  const answer = await readJson('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ events: [event] }),
  });
  const [result] = answer.results ?? [];
  if (result?.status === 'rejected')
    throw new ApiError(`The collector rejected the event: ${result.field} ${result.reason} (${result.code})`);
}
