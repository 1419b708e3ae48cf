import { Body, Controller, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { API_KEY_HEADER, BATCH_LIMITS } from '@watchnext/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Admission } from '../access/admission';
import { Collector, type BatchItem, type ItemResult } from '../collect/collector';
import { ApiError, callerGoneSignal } from '@watchnext/service';
import { PROTOBUF } from './body-parsers';
import { ref } from './openapi';

interface BatchAnswer {
  readonly accepted: number;
  readonly results: readonly ItemResult[];
}

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(
    @Inject(Collector) private readonly collector: Collector,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Takes a batch of events in.',
    description:
      `At most ${BATCH_LIMITS}. Each item has its own result, in the order sent; what is accepted is stored ` +
      'when the answer is given. Sending a batch again is safe: live events count once by their id, those of a backfill ' +
      'until live events of their user follow. "duplicate" says that the id stands earlier in this very batch.',
  })
  @ApiHeader({ name: API_KEY_HEADER, required: false, description: 'The producer’s key, where keys are configured.' })
  @ApiConsumes('application/json', PROTOBUF)
  @ApiBody({ schema: ref('EventBatch') })
  @ApiResponse({ status: 200, description: 'A result for each item.', schema: ref('BatchAnswer') })
  @ApiResponse({ status: 400, description: 'The body as a whole cannot be read.', schema: ref('Error') })
  @ApiResponse({ status: 401, description: 'No key, or one that is not known.', schema: ref('Error') })
  @ApiResponse({ status: 413, description: 'More events or bytes than a batch may have.', schema: ref('Error') })
  @ApiResponse({ status: 415, description: `Neither application/json nor ${PROTOBUF}.`, schema: ref('Error') })
  @ApiResponse({
    status: 421,
    description: 'A page asks by a name what has no keys and is there for its own machine alone.',
    schema: ref('Error'),
  })
  @ApiResponse({
    status: 429,
    description: 'Beyond the producer’s limits, or the event log is slow: send it again after Retry-After seconds.',
    schema: ref('Error'),
  })
  @ApiResponse({
    status: 503,
    description:
      'The event log cannot be written, a login of a backfill takes in what is not in the states yet, or the clock here is behind: send the batch again.',
    schema: ref('Error'),
  })
  async collect(
    @Body() items: readonly BatchItem[] | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchAnswer> {
    if (!items) throw new ApiError(400, 'malformed', 'the body is missing');
    this.admission.takeEvents(request, items.length);
    const options = { kinds: this.admission.kindsFor(request), callerGone: callerGoneSignal(reply, callerGone) };
    const results = await this.admission.holding(request, () => this.collector.collect(items, options));
    return { accepted: results.filter(({ status }) => status === 'accepted').length, results };
  }
}

/** Nobody reads it; it keeps the caller's leaving from being logged as a failure of ours. */
const callerGone = () => new ApiError(499, 'caller-gone', 'the caller went away before its answer');
