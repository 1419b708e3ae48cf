import { Controller, Get, Inject } from '@nestjs/common';
import { PopularSnapshots } from '../sources/popular-snapshot';
import { ApiError } from '@watchnext/service';
import { CONSOLE_ERRORS, Documented } from './documented';
import { type SnapshotAnswer, snapshotAnswer } from './schemas';

@Controller('v1/snapshot')
export class SnapshotController {
  constructor(@Inject(PopularSnapshots) private readonly snapshots: PopularSnapshots) {}

  @Get()
  @Documented({
    summary: 'The current snapshot: how it was trained and what it was measured at',
    answer: snapshotAnswer,
    errors: { ...CONSOLE_ERRORS, 404: 'There is no snapshot yet.' },
  })
  current(): SnapshotAnswer {
    const manifest = this.snapshots.current()?.manifest;
    if (!manifest) throw new ApiError(404, 'no-snapshot', 'no snapshot has been published yet');
    return {
      snapshotId: manifest.snapshotId,
      heldSnapshotIds: this.snapshots.heldIds(),
      createdAtMs: manifest.createdAtMs,
      parentSnapshotId: manifest.parentSnapshotId,
      tensorBackend: manifest.tensorBackend,
      ...(manifest.window ? { window: manifest.window } : {}),
      sizes: manifest.sizes,
      metrics: manifest.metrics,
      ...(manifest.gate ? { gate: manifest.gate } : {}),
    };
  }
}
