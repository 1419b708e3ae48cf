/** The roles of this process: what is started, in which order it stops, and whether it is well. */
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { TOPICS, topicSpecs } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog, GroupHandler, Subscription } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import {
  Draining,
  followLog,
  isRefused,
  type Labels,
  LogFollowers,
  type Logger,
  type LogFollowing,
  type ReadyState,
  type ServiceLog,
} from '@watchnext/service';
import { closeInOrder } from '@watchnext/waiting';
import { Archiver } from './archive/archiver';
import { Catalogue } from './collect/catalogue';
import { ClockCheck } from './collect/clock-check';
import type { IngestionSettings, Role } from './config';
import { LogAnswers } from './log-answers';
import { Materialiser } from './materialise/materialiser';
import { StoreUsageMeter } from './materialise/store-usage';
import { MeasuredConsumer } from './measured-consumer';
import { countFeedback, Metrics, METRICS, showCollecting, showFeedback } from './metrics';
import { MATERIALISERS } from './rebuild/require-nobody-materialises';
import { ARCHIVE, FEATURE_STORE, LOGGER, SERVICE_LOG, SETTINGS } from './tokens';

/** A consumer this long without a sign of life from the log is not ready. */
const READY_HEARTBEAT_MS = 10_000;
/**
 * Each commit writes whole states, so one that folds many events of the same users writes less for each of them: with
 * 400 users in a partition, batches of 2,000 spent four times as long encoding as those of 10,000.
 */
const MATERIALISE_BATCH_RECORDS = 10_000;

interface Part {
  readonly name: string;
  readonly following: LogFollowing;
  readonly afterwards: () => void;
  /** Undefined until it stands. */
  subscription: Subscription | undefined;
}

@Injectable()
export class Ingestion implements OnApplicationShutdown {
  private readonly parts: Part[] = [];
  private readonly consumers: { role: Role; topic: string; measured: MeasuredConsumer }[] = [];
  private readonly archivers = new Map<string, Archiver>();
  private readonly followers: LogFollowers;
  private readonly log: EventLog;
  private readonly answers: LogAnswers;
  private topics: Promise<void> | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: IngestionSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SERVICE_LOG) private readonly serviceLog: ServiceLog,
    @Inject(FEATURE_STORE) private readonly store: FeatureStore,
    @Inject(ARCHIVE) private readonly archive: EventArchive,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(ClockCheck) private readonly clockCheck: Pick<ClockCheck, 'start' | 'stop' | 'unfitness'>,
    @Inject(Draining) private readonly draining: Pick<Draining, 'isStopping'>,
  ) {
    this.log = serviceLog.eventLog;
    this.followers = new LogFollowers(metrics);
    this.answers = new LogAnswers(this.log);
  }

  /**
   * Begins what the roles do. Fulfils when all of it is at work, or sooner where the log is down: then each part is tried again
   * until the log is there.
   * @throws EventLogError where the log answers and refuses
   */
  async begin(): Promise<void> {
    const has = (role: Role) => this.settings.WATCHNEXT_INGESTION_ROLES.includes(role);
    this.answers.start();
    if (has('collect')) {
      showCollecting(this.metrics);
      this.clockCheck.start();
      const followed = this.followers.watch('catalogue', this.log);
      this.addPart('catalogue', () => this.catalogue.follow(followed));
    }
    if (has('materialise')) this.startMaterialising();
    if (has('archive')) for (const topic of [TOPICS.activity, TOPICS.catalog]) this.startArchiving(topic);
    const roles = this.settings.WATCHNEXT_INGESTION_ROLES;
    void Promise.all(this.parts.map(({ following }) => following.established)).then(() =>
      this.logger.info({ roles }, 'ingestion started'),
    );
    if (this.serviceLog.unavailable) return;
    const failures = await Promise.all(this.parts.map(({ following }) => following.firstFailure));
    const refusal = failures.find(isRefused);
    if (refusal !== undefined) throw refusal;
  }

  /** Runs after HTTP has drained: nothing is appended any more. Consumers end their batches and flush. */
  async onApplicationShutdown(): Promise<void> {
    this.answers.stop();
    this.clockCheck.stop();
    const ends = await Promise.allSettled(
      this.parts.map(({ following, afterwards }) => following.stop().finally(afterwards)),
    );
    ends.forEach((end, i) => {
      if (end.status === 'rejected')
        this.logger.error({ err: end.reason as Error, part: this.parts[i]?.name }, 'did not stop cleanly');
    });
    await closeInOrder([() => this.log.close(), () => this.store.close(), () => this.archive.close()]);
  }

  /** Whether events may be taken in: the catalogue is read, as it was when this process began. */
  isCollecting(): boolean {
    return this.parts.some(({ name, subscription }) => name === 'catalogue' && subscription !== undefined);
  }

  /** Ready when each of its parts does its work; otherwise it names those that do not. */
  readyState(): ReadyState {
    if (this.draining.isStopping) return 'stopping';
    if (this.parts.length === 0) return 'not ready: not begun';
    const waiting = this.parts.filter(
      ({ subscription }) => !subscription || subscription.heartbeatAgeMs() > READY_HEARTBEAT_MS,
    );
    const reasons = [...waiting.map(({ name }) => name), ...this.clockCheck.unfitness()];
    return reasons.length === 0 ? 'ready' : `not ready: ${reasons.join(', ')}`;
  }

  /**
   * Names of what only a restart may help. Not what is silent because the log is: a new process would find it no less so, and
   * consumers come back to it by themselves.
   */
  dead(): string[] {
    const { WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: sessionMs, WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: requestMs } =
      this.settings;
    // Twice as long as a session with the log may be silent before it is replaced.
    const limitMs = 2 * (3 * sessionMs + requestMs);
    if (this.answers.answeringForMs() <= limitMs) return [];
    return this.parts
      .filter(({ subscription }) => (subscription?.heartbeatAgeMs() ?? 0) > limitMs)
      .map(({ name }) => name);
  }

  private startMaterialising(): void {
    const partitionCount = this.settings.WATCHNEXT_ACTIVITY_PARTITIONS;
    const cachedUsersPerPartition = Math.ceil(this.settings.WATCHNEXT_STATE_CACHE_USERS / partitionCount);
    const materialiser = new Materialiser(this.log, this.store, this.logger, {
      partitionCount,
      cachedUsersPerPartition,
      onDeadLetters: (letters) => {
        for (const { code } of letters) this.metrics.count(METRICS.deadLetters, { code });
      },
      onFeedback: (feedback) => countFeedback(this.metrics, feedback),
    });
    showFeedback(this.metrics);
    const { store, metrics, logger } = this;
    const usage = new StoreUsageMeter({ store, partitionCount, metrics, logger });
    usage.start();
    const measured = this.measured('materialise', TOPICS.activity, materialiser);
    const group = { ...MATERIALISERS, maxBatchRecords: MATERIALISE_BATCH_RECORDS };
    this.addPart(
      'materialise',
      () => this.log.joinGroup(group, measured),
      () => {
        usage.stop();
        measured.stop();
      },
    );
  }

  /** A group for each topic: members of one Kafka group would be given partitions of topics they do not read. */
  private startArchiving(topic: string): void {
    const flushAfterSeconds = this.settings.WATCHNEXT_ARCHIVE_FLUSH_SECONDS;
    // They wait for the flush anyway.
    const lingerMs = Math.min(500, (flushAfterSeconds * 1_000) / 4);
    // The activity partitions and the catalogue's one, should this process have them all.
    const partitionCount = this.settings.WATCHNEXT_ACTIVITY_PARTITIONS + 1;
    const maxPartitionBytes = (this.settings.WATCHNEXT_ARCHIVE_BUFFER_MB * 2 ** 20) / partitionCount;
    const archiver = new Archiver(topic, this.log, this.archive, this.logger, {
      flushAfterSeconds,
      maxPartitionBytes,
      onFlushFailure: () => this.metrics.count(METRICS.batchFailures, { role: 'archive', topic }),
    });
    archiver.start();
    this.archivers.set(topic, archiver);
    this.metrics.gaugeSeries(METRICS.unwrittenAge, () =>
      [...this.archivers].flatMap(([archivedTopic, each]) =>
        each
          .unwrittenAgesMs()
          .map(([partition, ageMs]): [Labels, number] => [
            { topic: archivedTopic, partition: String(partition) },
            ageMs / 1_000,
          ]),
      ),
    );
    const measured = this.measured('archive', topic, archiver);
    const group = { topic, groupId: `archive-${topic}`, lingerMs };
    this.addPart(
      `archive ${topic}`,
      () => this.log.joinGroup(group, measured),
      () => {
        measured.stop();
        archiver.stop();
      },
    );
  }

  private measured(role: Role, topic: string, handler: GroupHandler): MeasuredConsumer {
    const { log, metrics } = this;
    const measured = new MeasuredConsumer(handler, { role, topic, log, metrics });
    this.consumers.push({ role, topic, measured });
    metrics.gaugeSeries(METRICS.logShortenedAt, () =>
      this.consumers.map((one): [Labels, number] => [
        { role: one.role, topic: one.topic },
        one.measured.logShortenedAtMs / 1_000,
      ]),
    );
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

  private addPart(
    name: string,
    subscribe: () => Promise<Subscription>,
    afterwards: () => void = () => undefined,
  ): void {
    const following = followLog({
      without: `${name} has not begun`,
      logger: this.logger,
      subscribe: async () => {
        await this.ensureTopics();
        return (part.subscription = await subscribe());
      },
    });
    const part: Part = { name, following, afterwards, subscription: undefined };
    this.parts.push(part);
  }

  /** Once for all parts, whose attempts come at the same time: topics that two would create at once. */
  private ensureTopics(): Promise<void> {
    const specs = Object.values(topicSpecs(this.settings.WATCHNEXT_ACTIVITY_PARTITIONS));
    return (this.topics ??= this.log.ensureTopics(specs).catch((error: unknown) => {
      this.topics = undefined;
      throw error;
    }));
  }
}
