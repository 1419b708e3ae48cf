/** The roles of this process: what is started, in which order it stops, and whether it is well. */
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { TOPICS, topicSpecs } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog, GroupHandler, Subscription } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import type { Labels, Logger } from '@watchnext/service';
import { Archiver } from './archive/archiver';
import { Catalogue } from './collect/catalogue';
import type { IngestionSettings, Role } from './config';
import { Materialiser } from './materialise/materialiser';
import { MeasuredConsumer } from './measured-consumer';
import { Metrics, METRICS } from './metrics';
import { ARCHIVE, FEATURE_STORE, LOG, LOGGER, SETTINGS } from './tokens';

/** A consumer this long without a sign of life from the log is not ready; three times as long, it should be restarted. */
const READY_HEARTBEAT_MS = 10_000;
const LIVE_HEARTBEAT_MS = 30_000;
/**
 * Each commit writes whole states, so one that folds many events of the same users writes less for each of them: with
 * 400 users in a partition, batches of 2,000 spent four times as long encoding as those of 10,000.
 */
const MATERIALISE_BATCH_RECORDS = 10_000;

interface Part {
  readonly name: string;
  heartbeatAgeMs(): number;
  stop(): Promise<void>;
}

@Injectable()
export class Ingestion implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly parts: Part[] = [];
  private readonly consumers: { role: Role; topic: string; measured: MeasuredConsumer }[] = [];

  constructor(
    @Inject(SETTINGS) private readonly settings: IngestionSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(LOG) private readonly log: EventLog,
    @Inject(FEATURE_STORE) private readonly store: FeatureStore,
    @Inject(ARCHIVE) private readonly archive: EventArchive,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const has = (role: Role) => this.settings.WATCHNEXT_INGESTION_ROLES.includes(role);
    await this.log.ensureTopics(Object.values(topicSpecs(this.settings.WATCHNEXT_ACTIVITY_PARTITIONS)));
    if (has('collect')) await this.startCollecting();
    if (has('materialise')) await this.startMaterialising();
    if (has('archive')) for (const topic of [TOPICS.activity, TOPICS.catalog]) await this.startArchiving(topic);
    this.logger.info({ roles: this.settings.WATCHNEXT_INGESTION_ROLES }, 'ingestion started');
  }

  /** Runs after HTTP has drained: nothing is appended any more. Consumers end their batches and flush. */
  async onApplicationShutdown(): Promise<void> {
    const ends = await Promise.allSettled(this.parts.map((part) => part.stop()));
    ends.forEach((end, i) => {
      if (end.status === 'rejected')
        this.logger.error({ err: end.reason as Error, part: this.parts[i]?.name }, 'did not stop cleanly');
    });
    await Promise.all([this.log.close(), this.store.close(), this.archive.close()]);
  }

  /** Names of what keeps this process from its work; empty when it is ready. HTTP listens only once all has started. */
  notReady(): string[] {
    return this.silentFor(READY_HEARTBEAT_MS);
  }

  /** Names of what only a restart may help. */
  dead(): string[] {
    return this.silentFor(LIVE_HEARTBEAT_MS);
  }

  private silentFor(limitMs: number): string[] {
    return this.parts.filter((part) => part.heartbeatAgeMs() > limitMs).map((part) => part.name);
  }

  private async startCollecting(): Promise<void> {
    const { catalogue } = this;
    await catalogue.follow(this.log);
    this.parts.push({
      name: 'catalogue',
      heartbeatAgeMs: () => catalogue.heartbeatAgeMs(),
      stop: () => catalogue.stop(),
    });
  }

  private async startMaterialising(): Promise<void> {
    const partitionCount = this.settings.WATCHNEXT_ACTIVITY_PARTITIONS;
    const cachedUsersPerPartition = Math.ceil(this.settings.WATCHNEXT_STATE_CACHE_USERS / partitionCount);
    const materialiser = new Materialiser(this.log, this.store, this.logger, {
      partitionCount,
      cachedUsersPerPartition,
      onDeadLetters: (letters) => {
        for (const { code } of letters) this.metrics.count(METRICS.deadLetters, { code });
      },
    });
    const measured = this.measured('materialise', TOPICS.activity, materialiser);
    const group = { topic: TOPICS.activity, groupId: 'materialise', maxBatchRecords: MATERIALISE_BATCH_RECORDS };
    this.addPart('materialise', await this.log.joinGroup(group, measured), () => measured.stop());
  }

  /** A group for each topic: members of one Kafka group would be given partitions of topics they do not read. */
  private async startArchiving(topic: string): Promise<void> {
    const flushAfterSeconds = this.settings.WATCHNEXT_ARCHIVE_FLUSH_SECONDS;
    // The activity partitions and the catalogue's one, should this process have them all.
    const partitionCount = this.settings.WATCHNEXT_ACTIVITY_PARTITIONS + 1;
    const maxPartitionBytes = (this.settings.WATCHNEXT_ARCHIVE_BUFFER_MB * 2 ** 20) / partitionCount;
    const archiver = new Archiver(topic, this.archive, this.logger, { flushAfterSeconds, maxPartitionBytes });
    archiver.start();
    const measured = this.measured('archive', topic, archiver);
    const subscription = await this.log.joinGroup({ topic, groupId: `archive-${topic}` }, measured);
    this.addPart(`archive ${topic}`, subscription, () => {
      measured.stop();
      archiver.stop();
    });
  }

  private measured(role: Role, topic: string, handler: GroupHandler): MeasuredConsumer {
    const { log, metrics } = this;
    const measured = new MeasuredConsumer(handler, { role, topic, log, metrics });
    this.consumers.push({ role, topic, measured });
    metrics.gaugeSeries(METRICS.consumerLag, () =>
      this.consumers.flatMap((one) =>
        one.measured
          .lag()
          .map(([partition, records]): [Labels, number] => [
            { role: one.role, topic: one.topic, partition: String(partition) },
            records,
          ]),
      ),
    );
    return measured;
  }

  private addPart(name: string, subscription: Subscription, afterwards?: () => void): void {
    this.parts.push({
      name,
      heartbeatAgeMs: () => subscription.heartbeatAgeMs(),
      stop: () => subscription.stop().finally(afterwards),
    });
  }
}
