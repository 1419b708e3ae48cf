import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { RankingServiceService } from '@watchnext/contract';
import { TowerThreads } from '@watchnext/inference';
import { type Logger, ModelServer, unaryHandler } from '@watchnext/service';
import type { LocalSnapshot } from '@watchnext/snapshot-store';
import { checkSnapshot, LastQueries } from './check-snapshot';
import type { RankingSettings } from './config';
import { createMetrics, METRICS } from './metrics';
import { isRankerFile, loadRankingSnapshot, type RankingSnapshot } from './ranking-snapshot';
import { RankingService } from './ranking.service';

@Module({})
export class RankingModule {
  constructor(@Inject(ModelServer) private readonly server: ModelServer<RankingSettings>) {}

  static with(settings: RankingSettings, logger: Logger): DynamicModule {
    const useFactory = () => ModelServer.open(settings, 'ranking', logger, createMetrics());
    return { module: RankingModule, providers: [{ provide: ModelServer, useFactory }] };
  }

  /** As `ModelServer.serve`. */
  async serve(stopping: AbortSignal): Promise<number> {
    const { settings, logger, metrics } = this.server.parts;
    const { WATCHNEXT_RANKING_THREADS: threadCount, WATCHNEXT_RANKING_QUEUE: queueLimit } = settings;
    const onLost = this.server.endSaying('cannot rank any more');
    const threads = new TowerThreads({ threadCount, queueLimit, onLost });
    this.server.closeLater(() => threads.close());
    const lastQueries = new LastQueries();
    return this.server.serve<RankingSnapshot>({
      only: isRankerFile,
      load: (local, closing) => this.loadChecked(local, threads, lastQueries, closing),
      serviceOf: (holder) => {
        const service = new RankingService(holder, metrics, lastQueries, {
          atOnce: threadCount,
          queueLimit: queueLimit * threadCount,
        });
        metrics.gauge(METRICS.pendingRuns, () => threads.pending + service.waitingCount);
        return {
          name: 'watchnext.ranking.v1.RankingService',
          definition: RankingServiceService,
          implementation: {
            rank: unaryHandler(logger, 'Rank', (request, context) => service.rank(request, context), metrics),
          },
        };
      },
      stopping,
    });
  }

  /** @throws Error for one that must not take over; the holder then goes on serving what it holds; the reason of `closing` */
  private async loadChecked(
    local: LocalSnapshot,
    threads: TowerThreads,
    lastQueries: LastQueries,
    closing: AbortSignal,
  ): Promise<RankingSnapshot> {
    const { settings, logger } = this.server.parts;
    const snapshot = await loadRankingSnapshot(local, threads, closing);
    try {
      const report = await checkSnapshot(snapshot, lastQueries.all(), settings.WATCHNEXT_RANKING_THREADS, closing);
      logger.info({ snapshotId: local.snapshotId, ...report }, 'a snapshot scored what it was tried on');
      return snapshot;
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  }
}
