import { Body, Controller, Header, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Collector, type BatchItem, type ItemResult } from '../collect/collector';
import { ApiError } from '@watchnext/service';
import { PROTOBUF } from './body-parsers';
import { ref } from './openapi';

interface BatchAnswer {
  readonly accepted: number;
  readonly results: readonly ItemResult[];
}

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(Collector) private readonly collector: Collector) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Takes a batch of events in.',
    description:
      'At most 1,000 events and 1 MiB. Each item has its own result, in the order sent; what is accepted is stored ' +
      'when the answer is given. Sending a batch again is safe: events count once by their id.',
  })
  @ApiConsumes('application/json', PROTOBUF)
  @ApiBody({ schema: ref('EventBatch') })
  @ApiResponse({ status: 200, description: 'A result for each item.', schema: ref('BatchAnswer') })
  @ApiResponse({ status: 400, description: 'The body as a whole cannot be read.', schema: ref('Error') })
  @ApiResponse({ status: 413, description: 'More than 1,000 events or 1 MiB.', schema: ref('Error') })
  @ApiResponse({ status: 415, description: `Neither application/json nor ${PROTOBUF}.`, schema: ref('Error') })
  @ApiResponse({
    status: 503,
    description: 'The event log cannot be written: send the batch again.',
    schema: ref('Error'),
  })
  async collect(@Body() items: readonly BatchItem[] | undefined): Promise<BatchAnswer> {
    if (!items) throw new ApiError(400, 'malformed', 'the body is missing');
    const results = await this.collector.collect(items);
    return { accepted: results.filter(({ status }) => status === 'accepted').length, results };
  }
}
