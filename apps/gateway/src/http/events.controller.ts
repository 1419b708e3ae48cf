import { Controller, Headers, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config';
import { SETTINGS } from '../tokens';
import { ApiError } from '@watchnext/service';

/** The collector writes to the log before it answers; beyond this it is taken for down. */
const TIMEOUT_MS = 10_000;
/** What the collector needs to read the body and to know the caller; nothing else is passed on. */
const FORWARDED_HEADERS = ['content-type', 'content-encoding', 'x-api-key', 'x-request-id'] as const;

/** Passes events on to the collector as they are, so that a page needs one origin only. */
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(SETTINGS) private readonly settings: GatewaySettings) {}

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
  async forward(
    @Headers() headers: Record<string, string | undefined>,
    @Req() request: FastifyRequest<{ Body: Buffer | undefined }>,
    @Res({ passthrough: false }) reply: FastifyReply,
  ): Promise<void> {
    const collector = new URL('/v1/events', this.settings.WATCHNEXT_INGESTION_URL);
    let status: number;
    let contentType: string | null;
    let body: Buffer;
    try {
      const response = await fetch(collector, {
        method: 'POST',
        headers: FORWARDED_HEADERS.flatMap((name): [string, string][] =>
          headers[name] ? [[name, headers[name]]] : [],
        ),
        body: new Uint8Array(request.body ?? Buffer.alloc(0)),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = response.status;
      contentType = response.headers.get('content-type');
      body = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      throw new ApiError(
        502,
        'collector-unreachable',
        'the collector does not answer: send the events again later, under the same event ids',
        undefined,
        { cause: error },
      );
    }
    await reply
      .status(status)
      .header('content-type', contentType ?? 'application/json')
      .send(body);
  }
}
