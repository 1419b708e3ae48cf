import { Controller, Headers, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { API_KEY_HEADER, BATCH_LIMITS, MAX_BATCH_EVENTS } from '@watchnext/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type CollectorClient, CollectorDistrustError } from '../clients/collector';
import type { GatewaySettings } from '../config';
import { runStages, type Stage } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import { COLLECTOR, SETTINGS } from '../tokens';
import type { HttpAnswer } from '@watchnext/http-client';
import { ApiError, REQUEST_ID_HEADER, requestIdOf, traceHeaders } from '@watchnext/service';
import { callersDeadlineMs, goneSignal, whereCallerGone } from './caller';
import { KeyFile, KeyFileError } from './key-file';

/** The collector writes to the log before it answers; beyond this it is taken for down, or as soon as the caller's own deadline is over. */
const TIMEOUT_MS = 10_000;
/** Of a caller's time: the rest is for the answer to reach it. */
const TIME_SHARE = 0.9;
const RETRY_AFTER_SECONDS = 1;
const UNAUTHENTICATED = 401;
const KEY_REFUSED = "the collector does not know the gateway's own key (WATCHNEXT_GATEWAY_API_KEY_FILE)";
/** What the collector needs to read the body and to know the caller; nothing else is passed on, but the id of the request and its trace. */
const FORWARDED_HEADERS = ['content-type', 'content-encoding', API_KEY_HEADER] as const;

/** The envelope alone: what is in an event the collector decides, and its own document tells, field by field. */
const EVENTS_SCHEMA = {
  type: 'object',
  required: ['events'],
  description:
    'Every event has its envelope (eventId is a UUIDv7 of its time, not older than 24 hours; backfill is for history alone, loaded once) and one kind with its fields, such as "watch", "search", "dismissal" or "impressionsViewed"; all kinds and fields are in the collector’s own /openapi.json.',
  properties: {
    events: {
      type: 'array',
      maxItems: MAX_BATCH_EVENTS,
      items: {
        type: 'object',
        required: ['eventId', 'occurredAtMs'],
        properties: {
          eventId: { type: 'string', format: 'uuid' },
          occurredAtMs: { type: 'integer', format: 'int64' },
          producer: { type: 'string' },
          backfill: { type: 'boolean' },
        },
        additionalProperties: { type: 'object' },
      },
    },
  },
};

/** Passes events on to the collector as they are, so that a page needs one origin only. */
@Controller('v1/events')
export class EventsController {
  private readonly ownKey: KeyFile | undefined;

  constructor(
    @Inject(SETTINGS) { WATCHNEXT_GATEWAY_API_KEY_FILE: path }: GatewaySettings,
    @Inject(COLLECTOR) private readonly collector: CollectorClient,
  ) {
    this.ownKey = path === undefined ? undefined : new KeyFile(path);
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send events to the collector',
    description: `Passed on untouched: at most ${BATCH_LIMITS}, {"events": [...]} in proto3 JSON, or protobuf as application/x-protobuf.`,
  })
  @ApiConsumes('application/json')
  @ApiBody({ schema: EVENTS_SCHEMA, required: true })
  @ApiResponse({
    status: 200,
    description: 'One result an event: accepted, duplicate, or rejected with field and reason.',
  })
  @ApiResponse({
    status: '4XX',
    description:
      "The collector's refusal, as it is: see its own document. 401 is of the client's key, or of none where the gateway has none either.",
  })
  @ApiResponse({ status: 413, description: 'The body is beyond any limit of the collector.' })
  @ApiResponse({
    status: 429,
    description: 'As many bodies as may be here at once: send the events again after Retry-After seconds.',
  })
  @ApiResponse({
    status: 502,
    description:
      'The collector does not answer, or not so that it can be read, or it and the gateway do not trust each other’s certificates, or it does not know the key that the gateway has of its own (key-refused): send the events again later, under the same event ids.',
  })
  @ApiResponse({
    status: 503,
    description: "The gateway's own key cannot be read, or the collector's log: send the events again later.",
  })
  async forward(
    @Headers() headers: Received,
    @Req() request: FastifyRequest<{ Body: Buffer | undefined }>,
    @Res({ passthrough: false }) reply: FastifyReply,
  ): Promise<void> {
    const timeoutMs = Math.min(TIMEOUT_MS, callersDeadlineMs(headers) ?? TIMEOUT_MS);
    const ownKey = await this.ownKeyFor(headers);
    const passed = headersFor(headers, ownKey);
    passed[REQUEST_ID_HEADER] = requestIdOf(request);
    const stage: Stage<{ readonly answer?: HttpAnswer }> = {
      name: 'collector',
      timeShare: TIME_SHARE,
      run: async (_, limits) => ({
        patch: { answer: await this.collector.send(request.body ?? Buffer.alloc(0), passed, limits) },
      }),
    };
    const limits = {
      deadlineAtMs: Date.now() + timeoutMs,
      signal: goneSignal(reply),
      // A full batch, or a login that waits for its history, may take a well collector seconds: one that is late for less is not to blame,
      // but where no other call is answered either.
      isHurried: timeoutMs < TIMEOUT_MS,
    };
    const { answer } = await runStages([stage], {}, limits, () => undefined).catch(withoutAnswer);
    const { status, headers: answered, body } = answer as HttpAnswer;
    // To the client that would be a refusal for good, of events that are sound.
    if (status === UNAUTHENTICATED && ownKey !== undefined) throw sendAgain('key-refused', KEY_REFUSED);
    if (answered['retry-after'] !== undefined) void reply.header('retry-after', answered['retry-after']);
    await reply
      .status(status)
      .header('content-type', answered['content-type'] ?? 'application/json')
      .send(body);
  }

  /** @returns undefined where the client sent a key itself, or there is none to send under. @throws ApiError 503 where it cannot be read */
  private async ownKeyFor(received: Received): Promise<string | undefined> {
    return received[API_KEY_HEADER] ? undefined : this.ownKey?.read().catch(withoutKey);
  }
}

type Received = Readonly<Record<string, string | undefined>>;

/** The client's own key passes; a client without one sends under the gateway's. */
function headersFor(received: Received, ownKey: string | undefined): Record<string, string> {
  const passed: Record<string, string> = { ...traceHeaders() };
  for (const name of FORWARDED_HEADERS) if (received[name]) passed[name] = received[name];
  return ownKey === undefined ? passed : { ...passed, [API_KEY_HEADER]: ownKey };
}

function withoutAnswer(error: unknown): never {
  if (!(error instanceof DependencyError)) return whereCallerGone(error);
  const [code, what] = faultOf(error);
  throw sendAgain(code, what, error);
}

/** What is no fault of the events, nor of who sent them. */
function sendAgain(code: string, what: string, cause?: DependencyError): ApiError {
  return new ApiError(502, code, `${what}: send the events again later, under the same event ids`, undefined, {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

function faultOf(error: DependencyError): [code: string, what: string] {
  if (error instanceof CollectorDistrustError) {
    return ['collector-untrusted', `gateway and collector do not trust each other's certificates (${error.code})`];
  }
  if (error.category === 'dependency-failed') return ['collector-failed', "the collector's answer cannot be read"];
  return ['collector-unreachable', 'the collector does not answer'];
}

function withoutKey(error: unknown): never {
  if (!(error instanceof KeyFileError)) throw error;
  throw new ApiError(
    503,
    'key-unavailable',
    `the gateway has no key to send under (WATCHNEXT_GATEWAY_API_KEY_FILE): ${error.message}`,
    undefined,
    { cause: error },
  );
}
