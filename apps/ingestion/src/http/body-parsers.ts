import { BinaryReader, EventBatch, MAX_BATCH_EVENTS } from '@watchnext/contract';
import type { FastifyInstance } from 'fastify';
import { FieldError, isObject } from '../collect/json-schema';
import { readEventJson } from '../collect/event-json';
import type { BatchItem } from '../collect/collector';
import { ApiError } from '@watchnext/service';

export const PROTOBUF = 'application/x-protobuf';
const MAX_ECHOED_CHARACTERS = 128;

/** Only these two types are read. Fastify answers 413 beyond its body limit. */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    settle(() => readJsonBatch(body as Buffer), done),
  );
  fastify.addContentTypeParser(PROTOBUF, { parseAs: 'buffer' }, (_request, body, done) =>
    settle(() => readProtobufBatch(body as Buffer), done),
  );
  fastify.addContentTypeParser('*', (_request, _payload, done) =>
    done(new ApiError(415, 'wrong-type', `the content-type must be application/json or ${PROTOBUF}`, 'content-type')),
  );
}

function settle<T>(read: () => T, done: (error: Error | null, value?: T) => void): void {
  let value: T;
  try {
    value = read();
  } catch (error) {
    return done(error as Error);
  }
  done(null, value);
}

/** @throws ApiError 400, 413 */
function readJsonBatch(body: Buffer): BatchItem[] {
  let batch: unknown;
  try {
    batch = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new ApiError(400, 'malformed', `the body is not JSON in UTF-8: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
  if (!isObject(batch) || !Array.isArray(batch.events)) {
    throw new ApiError(400, 'malformed', 'the body must be an object with a list "events"', 'events');
  }
  assertCount(batch.events.length);
  return batch.events.map(readItem);
}

/** @throws ApiError 400, 413 */
function readProtobufBatch(body: Buffer): BatchItem[] {
  const read = <T>(part: (bytes: Buffer) => T): T => {
    try {
      return part(body);
    } catch (error) {
      throw new ApiError(400, 'malformed', `the body is not an EventBatch: ${(error as Error).message}`, undefined, {
        cause: error,
      });
    }
  };
  assertCount(read(countEvents));
  return read(EventBatch.decode).events.map((event) => ({ event }));
}

const EVENTS_TAG = (1 << 3) | 2;

/** Before anything is made of them: half a million empty events fit into a body. Counts no further than one too many. */
function countEvents(body: Buffer): number {
  const reader = new BinaryReader(body);
  let count = 0;
  while (reader.pos < reader.len && count <= MAX_BATCH_EVENTS) {
    const tag = reader.uint32();
    if (tag === EVENTS_TAG) count++;
    reader.skip(tag & 7);
  }
  return count;
}

function readItem(raw: unknown): BatchItem {
  try {
    return { event: readEventJson(raw) };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    const sentId = isObject(raw) ? (raw.eventId ?? raw.event_id) : undefined;
    const eventId = typeof sentId === 'string' ? sentId.slice(0, MAX_ECHOED_CHARACTERS) : '';
    return { unreadable: { eventId, field: error.field, code: error.code, reason: error.message } };
  }
}

function assertCount(count: number): void {
  if (count > MAX_BATCH_EVENTS)
    throw new ApiError(413, 'too-large', `a batch has at most ${MAX_BATCH_EVENTS} events`, 'events');
}
