/** A small real world for specs: embedded stores, published snapshots, model services over gRPC, and a gateway. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { metricsText } from '@watchnext/clients';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { CATALOG_TOPIC, Event, type ImpressionsServed, SnapshotAnnouncement, TOPICS } from '@watchnext/contract';
import { type EventLog, openEmbeddedEventLog, partitionOf } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { applyEvent, encodeState, HOUR_MS, newState } from '@watchnext/features';
import { freePorts } from '@watchnext/local-stack';
import { createLogger, type Logger, type RunningHttpService } from '@watchnext/service';
import { openFolderSnapshotStore, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { eventually } from '@watchnext/testing';
import { publishSnapshot, writeCandidateFiles, writeRankingFiles } from '@watchnext/testing/snapshots';
import { v7 as timeOrderedId } from 'uuid';
import { rankingSettings } from '../../../../apps/ranking/src/config';
import { startRanking } from '../../../../apps/ranking/src/start';
import { retrievalSettings } from '../../../../apps/retrieval/src/config';
import { startRetrieval } from '../../../../apps/retrieval/src/start';
import { gatewaySettings } from '../../../../apps/gateway/src/config';
import type { GatewayParts } from '../../../../apps/gateway/src/providers';
import { startGateway } from '../../../../apps/gateway/src/start';

export const PARTITIONS = 4;
export const silent = createLogger('spec', { level: 'silent', format: 'json' });
export const FIRST_SNAPSHOT = '20260101T000000Z-aaaaaa';

const SUBJECTS = ['Otters', 'Bridges', 'Sourdough', 'Comets', 'Violins', 'Mosses'];
const MANNERS = [
  'at dawn',
  'explained',
  'up close',
  'in winter',
  'for beginners',
  'from above',
  'in ten minutes',
  'gone wrong',
  'by hand',
  'at night',
];

/** 60 videos of 12 channels and 6 topics, uploaded one an hour up to now. */
export const VIDEOS = SUBJECTS.flatMap((subject, topic) =>
  MANNERS.map((manner, index) => ({
    videoId: `v${topic}${index}`,
    title: `${subject} ${manner}`,
    channelId: `channel-${topic}-${index % 2}`,
    topics: [subject.toLowerCase()],
    durationSeconds: 60 + 15 * index,
    uploadedAtMs: Date.now() - (1 + topic * MANNERS.length + index) * HOUR_MS,
  })),
);
export const VIDEO_IDS = VIDEOS.map(({ videoId }) => videoId);

export const eventOf = (body: Event['body'], atMs = Date.now()): Event => ({
  eventId: timeOrderedId({ msecs: atMs }),
  occurredAtMs: atMs,
  receivedAtMs: atMs,
  producer: 'spec',
  backfill: false,
  body,
});

export const watchEvent = (userId: string, videoId: string, atMs = Date.now() - 60_000): Event =>
  eventOf(
    {
      $case: 'watch',
      value: {
        userId,
        videoId,
        playbackId: timeOrderedId(),
        impressionId: '',
        positionSeconds: 60,
        country: '',
        device: '',
        video: factsOf(videoId),
      },
    },
    atMs,
  );

export const dismissalEvent = (userId: string, videoId: string) =>
  eventOf({ $case: 'dismissal', value: { userId, videoId, impressionId: '' } }, Date.now() - 60_000);

function factsOf(videoId: string) {
  const { channelId, topics, durationSeconds, uploadedAtMs } = VIDEOS.find((video) => video.videoId === videoId)!;
  return { channelId, topics, durationSeconds, uploadedAtMs };
}

/** A port that was free a moment ago, and that the system hands out to nobody by itself. */
export async function freePort(): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  return port;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of any route
export type Answer = { status: number; body: any };

export class World {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private offset = 0;

  private constructor(
    readonly dataDirectory: string,
    readonly log: EventLog,
    readonly retrievalPort: number,
    readonly rankingPort: number,
  ) {}

  /** Log with the catalogue; nothing runs yet. */
  static async create(): Promise<World> {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'watchnext-gateway-'));
    const log = openEmbeddedEventLog(embeddedPaths(dataDirectory).eventLog);
    await log.ensureTopics([{ name: TOPICS.activity, partitionCount: PARTITIONS }, CATALOG_TOPIC]);
    const [retrievalPort, rankingPort] = (await freePorts(2)) as [number, number];
    const world = new World(dataDirectory, log, retrievalPort, rankingPort);
    await world.tellCatalogue(
      ...VIDEOS.map(({ videoId, title }) =>
        eventOf({
          $case: 'videoUpserted',
          value: { videoId, title, thumbnailUrl: '', video: factsOf(videoId), availability: undefined },
        }),
      ),
    );
    return world;
  }

  async tellCatalogue(...events: Event[]): Promise<void> {
    const keyed = events.map((event) => ({
      key: (event.body!.value as { videoId: string }).videoId,
      value: Event.encode(event).finish(),
    }));
    await this.log.append(TOPICS.catalog, keyed);
  }

  async tellActivity(userId: string, ...events: Event[]): Promise<void> {
    await this.log.append(
      TOPICS.activity,
      events.map((event) => ({ key: userId, value: Event.encode(event).finish() })),
    );
  }

  /** Publishes a snapshot of both models into the world's store, or another one. */
  async publish(
    snapshotId: string,
    { seed = 1, directory = this.dataDirectory, damage, becomesCurrent }: PublishOptions = {},
  ): Promise<void> {
    await publishSnapshot(
      embeddedPaths(directory).snapshots,
      snapshotId,
      async (target) => {
        await writeRankingFiles(target, { videos: VIDEOS, seed });
        const popular = VIDEOS.slice(0, 40).map(({ videoId }, rank) => ({
          videoId,
          score: 1 / (1 + rank),
          video: factsOf(videoId),
        }));
        await writeFile(join(target, SNAPSHOT_FILES.popular), JSON.stringify({ popular, fresh: [] }));
        return writeCandidateFiles(target, { videoIds: VIDEO_IDS, seed });
      },
      { damage, becomesCurrent },
    );
  }

  /** Moves the pointer back or forth to a snapshot that was published. */
  async pointAt(snapshotId: string): Promise<void> {
    const store = openFolderSnapshotStore(embeddedPaths(this.dataDirectory).snapshots);
    await store.movePointer(await store.readPointer(), snapshotId);
    await store.close();
  }

  async announce(snapshotId: string): Promise<void> {
    const value = SnapshotAnnouncement.encode({ snapshotId, announcedAtMs: Date.now() }).finish();
    await this.log.append(TOPICS.snapshots, [{ key: snapshotId, value }]);
  }

  /** Folds events into a user's state as the materialiser does, without the log. */
  async fold(userId: string, ...events: Event[]): Promise<void> {
    const store = openEmbeddedFeatureStore(embeddedPaths(this.dataDirectory).featureStore);
    const partition = partitionOf(userId, PARTITIONS);
    const state = newState(userId);
    for (const event of events) applyEvent(state, event);
    const expected = await store.readMark(partition);
    const next = { topic: TOPICS.activity, partition, offset: (expected?.offset ?? -1) + events.length };
    await store.commit(partition, { expected, next, states: new Map([[userId, encodeState(state)]]) });
    await store.close();
  }

  async startRetrieval(
    directory = this.dataDirectory,
    environment: Record<string, string> = {},
  ): Promise<INestApplicationContext> {
    const settings = loadConfig(retrievalSettings, {
      WATCHNEXT_DATA_DIR: directory,
      WATCHNEXT_GRPC_PORT: String(this.retrievalPort),
      ...environment,
    });
    return this.closing((await startRetrieval(settings, silent)).app);
  }

  async startRanking(
    directory = this.dataDirectory,
    environment: Record<string, string> = {},
  ): Promise<INestApplicationContext> {
    const settings = loadConfig(rankingSettings, {
      WATCHNEXT_DATA_DIR: directory,
      WATCHNEXT_GRPC_PORT: String(this.rankingPort),
      ...environment,
    });
    return this.closing((await startRanking(settings, silent)).app);
  }

  async startGateway(
    environment: Record<string, string> = {},
    { logger = silent, ...parts }: GatewayParts & { readonly logger?: Logger } = {},
  ): Promise<TestGateway> {
    const settings = loadConfig(gatewaySettings, {
      WATCHNEXT_DATA_DIR: this.dataDirectory,
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_CONSOLE: 'open',
      WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${this.retrievalPort}`,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${this.rankingPort}`,
      // Specs share two cores with others: what is tested is what is answered, not how fast.
      WATCHNEXT_DEADLINE_MS: '10000',
      // Specs look into the log right after the answer.
      WATCHNEXT_LOG_PATIENCE_MS: '10000',
      ...environment,
    });
    const clock = () => Date.now() + this.offset;
    const running = await startGateway(settings, logger, undefined, { clock, ...parts });
    this.closing(running.app);
    return new TestGateway(running);
  }

  /** Lets the gateways' clocks run ahead. */
  passTime(ms: number): void {
    this.offset += ms;
  }

  async temporaryDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-gateway-'));
    this.closers.push(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** The impressions in the log, by request. */
  async servedLists(): Promise<Map<string, ImpressionsServed>> {
    const served = new Map<string, ImpressionsServed>();
    const tail = await this.log.tail(TOPICS.activity, {
      onRecords: async (records) => {
        for (const { value } of records) {
          const { body } = Event.decode(value);
          if (body?.$case === 'impressionsServed') served.set(body.value.requestId, body.value);
        }
      },
    });
    await tail.stop();
    return served;
  }

  closing<App extends { close(): Promise<unknown> }>(app: App): App {
    this.closers.push(() => app.close());
    return app;
  }

  async close(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
    await this.log.close();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}

interface PublishOptions {
  readonly seed?: number;
  readonly directory?: string;
  readonly damage?: (directory: string) => Promise<void>;
  /** Default: true. */
  readonly becomesCurrent?: boolean;
}

export class TestGateway {
  readonly url: string;

  constructor(readonly running: RunningHttpService) {
    this.url = `http://127.0.0.1:${running.port}`;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  }

  async recommend(userId: string, query: Record<string, string | number> = {}): Promise<Answer['body']> {
    const parameters = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const { status, body } = await this.get(`/v1/users/${encodeURIComponent(userId)}/recommendations?${parameters}`);
    expect({ status, body }).toMatchObject({ status: 200 });
    return body;
  }

  /** The value of one series, as "name{label=…}"; 0 where there is none. */
  async metric(series: string): Promise<number> {
    const text = await metricsText(this.url);
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** Asks again until the answer is as wanted. */
  until(wanted: (answer: Answer) => boolean, path: string): Promise<Answer> {
    return eventually(async () => {
      const answer = await this.get(path);
      if (!wanted(answer)) throw new Error(`${path} did not come to be ${String(wanted)}: ${JSON.stringify(answer)}`);
      return answer;
    });
  }
}
