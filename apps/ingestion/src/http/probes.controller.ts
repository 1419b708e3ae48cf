import { Controller, Get, Header, HttpCode, Inject } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { API_KEY_HEADER } from '@watchnext/contract';
import { Ingestion } from '../ingestion';
import { LagReader, type Lag } from '../lag';
import { Metrics } from '../metrics';
import { ApiError } from '@watchnext/service';
import { ref } from './openapi';

const OK = { status: 'ok' };

@ApiTags('probes')
@Controller()
export class ProbesController {
  constructor(
    @Inject(Ingestion) private readonly ingestion: Ingestion,
    @Inject(LagReader) private readonly lagReader: LagReader,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get('livez')
  @ApiOperation({ summary: 'Whether the process should be left running.' })
  @ApiResponse({ status: 200, description: 'It should.' })
  @ApiResponse({ status: 503, description: 'A part of it gives no sign of life: start it anew.', schema: ref('Error') })
  live(): { status: string } {
    const parts = this.ingestion.dead();
    if (parts.length > 0) throw new ApiError(503, 'dead', `no sign of life: ${parts.join(', ')}`);
    return OK;
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Whether every role of this process does its work.' })
  @ApiResponse({ status: 200, description: 'Each does.' })
  @ApiResponse({
    status: 503,
    description: 'One does not, or not yet, or the process is stopping.',
    schema: ref('Error'),
  })
  ready(): { status: string } {
    const state = this.ingestion.readyState();
    if (state !== 'ready') throw new ApiError(503, state === 'stopping' ? state : 'not-ready', state);
    return OK;
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: "Counters and latencies in Prometheus' text format." })
  prometheus(): string {
    return this.metrics.render();
  }

  @Get('v1/lag')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How many records states and archive are behind the event log; 0 and 0 when all is in.' })
  @ApiHeader({ name: API_KEY_HEADER, required: false, description: 'A producer’s key, where keys are configured.' })
  @ApiResponse({ status: 200, schema: ref('Lag') })
  @ApiResponse({ status: 401, description: 'No key, or one that is not known.', schema: ref('Error') })
  @ApiResponse({
    status: 500,
    description:
      'States or archive are ahead of the log, so it is not the one that they were made of: nothing would move any more. The log of this process names the partition.',
    schema: ref('Error'),
  })
  @ApiResponse({ status: 503, description: 'Event log, states or archive cannot be read now.', schema: ref('Error') })
  lag(): Promise<Lag> {
    return this.lagReader.read();
  }
}
