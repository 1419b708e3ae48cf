/**
 * How long it takes from the acceptance of a change of the catalogue over HTTP until serving goes by it, with no training between:
 * an upload until retrieval answers with it, and a withdrawal until neither the gateway's lists nor retrieval's answers have it.
 *
 * What else could take a withdrawn video out of a list is kept away: each sample asks for another viewer, fatigue is off, a list
 * below the full rung proves nothing, and one list without the video may be chance, so several in a row have to be without it. At
 * the end the video is uploaded again, and has to come back into that viewer's list.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import { EventBatch, type Event, type RetrieveResponse, RetrievalServiceClient } from '@watchnext/contract';
import { LocalSystem } from '@watchnext/end-to-end';
import { quantile } from '@watchnext/learning';
import { newState } from '@watchnext/features';
import { videoUpsertedEvent, videoWithdrawnEvent } from '@watchnext/producer-client';
import { GatewayClient } from '@watchnext/clients';
import { chooseViewers, type Viewer, type World } from '@watchnext/simulator';
import { createDemoWorld, ingest, SURFACE, trainAndServe } from './demo-world';
import { postBatch } from './ingest/load';
import { report, type BenchReport } from './report';

const DEMO_WORLD = { seed: 1, users: 800, videos: 800, days: 10 };
/** The most that retrieval gives: more than the catalogue has, so that every video that may be shown is in the answer. */
const CANDIDATE_COUNT = 2_000;
/** The most that the gateway gives on a page. */
const LIST_LENGTH = 50;
const POLL_MS = 20;
const CALL_LIMIT_MS = 10_000;
const UPLOAD = { aimMs: 60_000, limitMs: 90_000 };
const WITHDRAWAL = { aimMs: 5_000, limitMs: 30_000 };
/** Lists in a row that are without a withdrawn video before it counts as gone from the first of them on. */
const LISTS_WITHOUT = 5;

interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly aimMs: number;
}

/** @throws when a change does not arrive within its limit, or a withdrawn video was gone for another reason */
export async function benchCatalogueFreshness(options: {
  samples: number;
}): Promise<{ result: BenchReport; text: string }> {
  const { world, history } = createDemoWorld(DEMO_WORLD);
  const viewers = chooseViewers(world, options.samples);
  if (viewers.length < options.samples || DEMO_WORLD.videos + options.samples > CANDIDATE_COUNT)
    throw new Error(`the world has viewers and room for ${viewers.length} samples, not for ${options.samples}`);
  const system = await LocalSystem.create({ own: { gateway: { WATCHNEXT_FATIGUE_IMPRESSIONS: '1000000' } } });
  let scene: Scene | undefined;
  const uploads: number[] = [];
  const lists: number[] = [];
  const answers: number[] = [];
  try {
    await system.start();
    console.error(`ingesting ${history.events.length} events …`);
    await ingest(system, history);
    console.error('training …');
    await trainAndServe(system);
    scene = await Scene.open(system);
    console.error('measuring …');
    for (const [sample, viewer] of viewers.entries()) {
      uploads.push(await scene.upload(`fresh-${sample}`, world, sample));
      const withdrawal = await scene.withdraw(viewer);
      lists.push(withdrawal.listsMs);
      answers.push(withdrawal.answersMs);
    }
  } finally {
    scene?.close();
    await system.dispose();
  }
  const figures = {
    uploadToRetrieval: figuresOf(uploads, UPLOAD.aimMs),
    withdrawalFromLists: figuresOf(lists, WITHDRAWAL.aimMs),
    withdrawalFromRetrieval: figuresOf(answers, WITHDRAWAL.aimMs),
  };
  if (Object.values(figures).some(({ maxMs, aimMs }) => maxMs > aimMs)) process.exitCode = 1;
  const text = [
    line('from an accepted upload to an answer of retrieval with it', figures.uploadToRetrieval),
    line("from an accepted withdrawal to the gateway's lists without it", figures.withdrawalFromLists),
    line('from an accepted withdrawal to answers of retrieval without it', figures.withdrawalFromRetrieval),
  ].join('\n');
  return { result: report('freshness --catalogue', { ...options, ...DEMO_WORLD }, figures), text };
}

class Scene {
  private constructor(
    private readonly system: LocalSystem,
    private readonly gateway: GatewayClient,
    private readonly retrieval: RetrievalServiceClient,
    /** That everything is measured on: another one would mean a training between. */
    private readonly snapshotId: string,
  ) {}

  static async open(system: LocalSystem): Promise<Scene> {
    const retrieval = new RetrievalServiceClient(`127.0.0.1:${system.ports.retrieval}`, credentials.createInsecure());
    const { snapshotId } = await retrieve(retrieval);
    return new Scene(system, new GatewayClient(system.gatewayUrl), retrieval, snapshotId);
  }

  /** @returns ms from the acceptance until retrieval answers with it */
  async upload(videoId: string, world: World, sample: number): Promise<number> {
    const { channel, topicIndices, durationSeconds } = world.videoAt((sample * 37) % DEMO_WORLD.videos);
    const topics = topicIndices.map((topic) => world.topics[topic].name);
    const video = { channelId: channel.id, topics, durationSeconds, uploadedAtMs: Date.now() };
    if (await this.isRetrieved(videoId)) throw new Error(`${videoId} is retrieved before it is uploaded`);
    const acceptedAt = await this.accept(videoUpsertedEvent({ videoId, title: videoId, video }));
    return msUntil(`${videoId} to be retrieved`, acceptedAt, UPLOAD.limitMs, 1, () => this.isRetrieved(videoId));
  }

  /** Withdraws what stands first in the viewer's list, and uploads it again afterwards. */
  async withdraw(viewer: Viewer): Promise<{ listsMs: number; answersMs: number }> {
    const { rung, items } = await this.list(viewer);
    const videoId = items[0]?.videoId;
    if (rung !== 'full' || videoId === undefined) throw new Error(`${viewer.id} got a list from rung ${rung}`);
    const { title, thumbnailUrl, channelId, topics, durationSeconds, uploadedAtMs } = (await this.gateway.get(
      `/v1/videos/${videoId}`,
    )) as {
      title: string;
      thumbnailUrl: string;
      channelId: string;
      topics: string[];
      durationSeconds: number;
      uploadedAtMs: number;
    };
    if (!(await this.isRetrieved(videoId))) throw new Error(`${videoId} is not retrieved before it is withdrawn`);
    const acceptedAt = await this.accept(videoWithdrawnEvent({ videoId, reason: 'bench' }));
    const { limitMs } = WITHDRAWAL;
    const [listsMs, answersMs] = await Promise.all([
      msUntil(`${videoId} to leave the lists of ${viewer.id}`, acceptedAt, limitMs, LISTS_WITHOUT, async () => {
        const { rung, items } = await this.list(viewer);
        return rung === 'full' && items.every((item) => item.videoId !== videoId);
      }),
      msUntil(`${videoId} to leave retrieval's answers`, acceptedAt, limitMs, 1, async () => {
        return !(await this.isRetrieved(videoId));
      }),
    ]);
    const video = { channelId, topics, durationSeconds, uploadedAtMs };
    const restoredAt = await this.accept(videoUpsertedEvent({ videoId, title, thumbnailUrl, video }));
    const what = `${videoId} to come back to ${viewer.id}; it was not the withdrawal alone that took it away`;
    await msUntil(what, restoredAt, limitMs, 1, async () =>
      (await this.list(viewer)).items.some((item) => item.videoId === videoId),
    );
    return { listsMs, answersMs };
  }

  close(): void {
    this.retrieval.close();
  }

  /** @returns when the collector had answered */
  private async accept(event: Event): Promise<number> {
    const events = [{ ...event, producer: 'bench' }];
    await postBatch(this.system.ingestionUrl, EventBatch.encode({ events }).finish());
    return performance.now();
  }

  private list({ id, country, device }: Viewer) {
    return this.gateway.recommendations(id, { limit: LIST_LENGTH, surface: SURFACE, country, device });
  }

  private async isRetrieved(videoId: string): Promise<boolean> {
    const { snapshotId, candidates } = await retrieve(this.retrieval);
    if (snapshotId !== this.snapshotId) throw new Error(`snapshot ${snapshotId} took over while measuring`);
    return candidates.some((candidate) => candidate.videoId === videoId);
  }
}

/** All that someone may be shown of whom nothing is known. */
function retrieve(client: RetrievalServiceClient): Promise<RetrieveResponse> {
  const request = {
    state: newState('bench'),
    context: {
      requestedAtMs: Date.now(),
      surface: SURFACE,
      seedVideoId: '',
      country: '',
      device: '',
      loggedIn: false,
    },
    candidateCount: CANDIDATE_COUNT,
    snapshotId: '',
    excludeVideoIds: [],
  };
  return new Promise((resolve, reject) =>
    client.retrieve(request, new Metadata(), { deadline: Date.now() + CALL_LIMIT_MS }, (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );
}

/**
 * Asks until `times` answers in a row are yes. @returns ms from `sinceMs` to the first of these
 * @throws when that one is not there after `limitMs`
 */
async function msUntil(
  what: string,
  sinceMs: number,
  limitMs: number,
  times: number,
  ask: () => Promise<boolean>,
): Promise<number> {
  let firstMs = Number.NaN;
  for (let yes = 0; yes < times;) {
    const isYes = await ask();
    const passedMs = performance.now() - sinceMs;
    if (!isYes) yes = 0;
    else if (++yes === 1) firstMs = passedMs;
    if (yes === 0 && passedMs > limitMs) throw new Error(`waited ${limitMs / 1_000} s for ${what}`);
    if (yes < times) await sleep(POLL_MS);
  }
  return firstMs;
}

function figuresOf(latenciesMs: readonly number[], aimMs: number): Figures {
  return {
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    maxMs: Math.max(...latenciesMs),
    aimMs,
  };
}

function line(what: string, { p50Ms, p99Ms, maxMs, aimMs }: Figures): string {
  const [p50, p99, max] = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(0));
  const verdict = maxMs > aimMs ? 'MISSED' : 'reached';
  return `${what}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms; the aim of ${aimMs / 1_000} s is ${verdict}`;
}
