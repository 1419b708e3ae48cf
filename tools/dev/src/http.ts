/** HTTP as a recording keeps it: what was asked, and what came back, whatever it was; for the clients an error is none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Event } from '@watchnext/contract';
import type { HttpExchange } from './recording';

const BATCH_EVENTS = 500;

export async function get(url: string, path: string): Promise<HttpExchange> {
  const response = await fetch(`${url}${path}`);
  return { method: 'GET', path, status: response.status, answer: await response.json() };
}

/** How often a batch is sent that the collector cannot take yet. */
const TRIES = 60;
const RETRY_MS = 1_000;

/** Sends events to a collector as JSON, in batches. @returns its answers, of each batch the last */
export async function sendEvents(url: string, events: readonly Event[]): Promise<HttpExchange[]> {
  const path = '/v1/events';
  const exchanges: HttpExchange[] = [];
  for (let from = 0; from < events.length; from += BATCH_EVENTS) {
    const batch = JSON.stringify({ events: events.slice(from, from + BATCH_EVENTS).map(eventToJson) });
    const headers = { 'content-type': 'application/json' };
    let response = await fetch(`${url}${path}`, { method: 'POST', headers, body: batch });
    // Logins are refused until the states have what came before them.
    for (let tries = 1; response.status === 503 && tries < TRIES; tries++) {
      await sleep(RETRY_MS);
      response = await fetch(`${url}${path}`, { method: 'POST', headers, body: batch });
    }
    exchanges.push({ method: 'POST', path, status: response.status, answer: await response.json() });
  }
  return exchanges;
}

/** Proto3 JSON, without what only the collector fills in. */
function eventToJson(event: Event): unknown {
  const { receivedAtMs: _received, ...json } = Event.toJSON(event) as Record<string, unknown>;
  return json;
}
