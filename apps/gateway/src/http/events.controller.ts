import { Controller, Headers, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config';
import { SETTINGS } from '../tokens';
import { ApiError, REQUEST_ID_HEADER, requestIdOf, traceHeaders } from '@watchnext/service';
import { callersDeadlineMs, goneSignal, whereCallerGone } from './caller';
import { KeyFile, KeyFileError } from './key-file';

/** The collector writes to the log before it answers; beyond this it is taken for down, or as soon as the caller's own deadline is over. */
const TIMEOUT_MS = 10_000;
/** What the collector needs to read the body and to know the caller; nothing else is passed on, but the id of the request and its trace. */
const API_KEY_HEADER = 'x-api-key';
const FORWARDED_HEADERS = ['content-type', 'content-encoding', API_KEY_HEADER] as const;

/** Passes events on to the collector as they are, so that a page needs one origin only. */
@Controller('v1/events')
export class EventsController {
  private readonly ownKey: KeyFile | undefined;

  constructor(@Inject(SETTINGS) private readonly settings: GatewaySettings) {
    const { WATCHNEXT_GATEWAY_API_KEY_FILE: path } = settings;
    this.ownKey = path === undefined ? undefined : new KeyFile(path);
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send events to the collector',
    description:
      'Passed on untouched: at most 1,000 events and 1 MB, {"events": [...]} in proto3 JSON, or protobuf as application/x-protobuf.',
  })
  @ApiBody({
    schema: {
      type: 'object',
      required: ['events'],
      properties: { events: { type: 'array', items: { type: 'object' } } },
    },
  })
  @ApiResponse({
    status: 200,
    description: 'One result an event: accepted, duplicate, or rejected with field and reason.',
  })
  @ApiResponse({
    status: 502,
    description: 'The collector does not answer: send the events again later, under the same event ids.',
  })
  @ApiResponse({ status: 503, description: "The gateway's own key cannot be read: send the events again later." })
  async forward(
    @Headers() headers: Record<string, string | undefined>,
    @Req() request: FastifyRequest<{ Body: Buffer | undefined }>,
    @Res({ passthrough: false }) reply: FastifyReply,
  ): Promise<void> {
    const timeoutMs = Math.min(TIMEOUT_MS, callersDeadlineMs(headers) ?? TIMEOUT_MS);
    const passed = await this.headersFor(headers);
    passed.push([REQUEST_ID_HEADER, requestIdOf(request)]);
    const gone = goneSignal(reply);
    const collector = new URL('/v1/events', this.settings.WATCHNEXT_INGESTION_URL);
    let status: number;
    let contentType: string | null;
    let retryAfter: string | null;
    let body: Buffer;
    try {
      const response = await fetch(collector, {
        method: 'POST',
        headers: passed,
        body: new Uint8Array(request.body ?? Buffer.alloc(0)),
        signal: AbortSignal.any([gone, AbortSignal.timeout(timeoutMs)]),
      });
      status = response.status;
      contentType = response.headers.get('content-type');
      retryAfter = response.headers.get('retry-after');
      body = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      if (gone.aborted) whereCallerGone(gone.reason);
      throw new ApiError(
        502,
        'collector-unreachable',
        'the collector does not answer: send the events again later, under the same event ids',
        undefined,
        { cause: error },
      );
    }
    if (retryAfter !== null) void reply.header('retry-after', retryAfter);
    await reply
      .status(status)
      .header('content-type', contentType ?? 'application/json')
      .send(body);
  }

  /** The client's own key passes; a client without one sends under the gateway's. @throws ApiError 503 without the latter */
  private async headersFor(received: Record<string, string | undefined>): Promise<[string, string][]> {
    const passed = FORWARDED_HEADERS.flatMap((name): [string, string][] =>
      received[name] ? [[name, received[name]]] : [],
    );
    const ownKey = received[API_KEY_HEADER] ? undefined : await this.ownKey?.read().catch(withoutKey);
    passed.push(...Object.entries(traceHeaders() ?? {}));
    return ownKey === undefined ? passed : [...passed, [API_KEY_HEADER, ownKey]];
  }
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
