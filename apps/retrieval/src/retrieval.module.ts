import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { RetrievalServiceService } from '@watchnext/contract';
import { LogFollowers, type Logger, ModelServer, unaryHandler, untilFollowing } from '@watchnext/service';
import type { SnapshotHolder } from '@watchnext/snapshot-store';
import { SearchThreads } from '@watchnext/vector-search';
import { followCatalogue } from './catalogue/follow-catalogue';
import { LiveCatalogue } from './catalogue/live-catalogue';
import type { RetrievalSettings } from './config';
import { createMetrics, METRICS } from './metrics';
import { RecallMeter } from './recall-meter';
import { isRetrievalFile, type RetrievalSnapshot } from './retrieval-snapshot';
import { RetrievalService } from './retrieval.service';
import { SnapshotLoader } from './snapshot-loader';

/** How long a start waits for the catalogue. */
const CATALOGUE_WAIT_MS = 30_000;

@Module({})
export class RetrievalModule {
  constructor(@Inject(ModelServer) private readonly server: ModelServer<RetrievalSettings>) {}

  static with(settings: RetrievalSettings, logger: Logger): DynamicModule {
    const useFactory = () => ModelServer.open(settings, 'retrieval', logger, createMetrics());
    return { module: RetrievalModule, providers: [{ provide: ModelServer, useFactory }] };
  }

  /** As `ModelServer.serve`, with the catalogue read before. */
  async serve(stopping: AbortSignal): Promise<number> {
    const { settings, logger, metrics } = this.server.parts;
    const threads = this.startThreads();
    const catalogue = await this.readCatalogue(stopping);
    const recall = this.startRecallMeter();
    const loader = new SnapshotLoader({
      threads,
      catalogue,
      metrics,
      logger,
      limits: {
        minimumRecall: settings.WATCHNEXT_CANARY_MIN_RECALL,
        minimumOverlap: settings.WATCHNEXT_CANARY_MIN_OVERLAP,
      },
    });
    let holding: SnapshotHolder<RetrievalSnapshot> | undefined;
    return this.server.serve<RetrievalSnapshot>({
      only: isRetrievalFile,
      load: (local, closing) =>
        loader.load(local, closing, (work) =>
          holding?.currentId() === undefined ? work(undefined) : holding.use(undefined, work),
        ),
      onCurrent: (snapshotId) => loader.setCurrent(snapshotId),
      serviceOf: (holder) => {
        holding = holder;
        const service = new RetrievalService({ holder, catalogue, canaries: loader.canaries, recall, metrics });
        return {
          name: 'watchnext.retrieval.v1.RetrievalService',
          definition: RetrievalServiceService,
          implementation: {
            retrieve: unaryHandler(
              logger,
              'Retrieve',
              (request, context) => service.retrieve(request, context),
              metrics,
            ),
          },
        };
      },
      stopping,
    });
  }

  private startThreads(): SearchThreads {
    const { settings, metrics } = this.server.parts;
    const threads = new SearchThreads({
      threadCount: settings.WATCHNEXT_SEARCH_THREADS,
      queueLimit: settings.WATCHNEXT_SEARCH_QUEUE,
      onLost: this.server.endSaying('cannot search any more'),
    });
    metrics.gauge(METRICS.pendingSearches, () => threads.pending);
    this.server.closeLater(() => threads.close());
    return threads;
  }

  /** Follows it from then on. */
  private async readCatalogue(stopping: AbortSignal): Promise<LiveCatalogue> {
    const { logger, metrics, log } = this.server.parts;
    const catalogue = new LiveCatalogue((error, videoId) => {
      metrics.count(METRICS.refusedVideos);
      logger.warn({ videoId, err: error }, 'a video could not be taken over from the catalogue');
    });
    metrics.gauge(METRICS.catalogueVideos, () => catalogue.size);
    const followed = new LogFollowers(metrics).watch('catalogue', log.eventLog);
    const following = followCatalogue(followed, catalogue, logger);
    this.server.closeLater(() => following.stop());
    // A log that is down must not keep retrieval down: what it would tell of new videos comes later.
    if (!log.unavailable) await untilFollowing(following, CATALOGUE_WAIT_MS, stopping);
    return catalogue;
  }

  private startRecallMeter(): RecallMeter {
    const { settings, logger, metrics } = this.server.parts;
    const recall = new RecallMeter(settings.WATCHNEXT_RECALL_SAMPLE_SECONDS, (error) =>
      logger.debug({ err: error }, 'a sample of the recall failed'),
    );
    metrics.gauge(METRICS.recall, () => recall.recall);
    metrics.gauge(METRICS.recallSamples, () => recall.sampleCount);
    recall.start();
    this.server.closeLater(() => recall.stop());
    return recall;
  }
}
