import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Metrics } from '../metrics';
import { Readiness } from '../readiness';

@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get('livez')
  live() {
    return { alive: true };
  }

  /**
   * Ready once the catalogue is read: before that the gateway would take every video for unknown. Models and stores
   * are no condition: without them it answers from a lower rung, which is better than no answer. Not ready any more once it stops.
   */
  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = this.readiness.report();
    await reply.status(report.ready ? 200 : 503).send(report);
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  prometheus(): string {
    return this.metrics.render();
  }
}
