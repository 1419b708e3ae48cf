/**
 * Makes a recording: runs all apps on a small world, trains, asks the gateway for lists through proxies that keep what
 * its neighbours were asked and answered, and copies what the stores then hold.
 */
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Event, Mark } from '@watchnext/contract';
import { isolatedService, LocalSystem, until } from '@watchnext/end-to-end';
import { freePorts } from '@watchnext/local-stack';
import { generateHistory, World } from '@watchnext/simulator';
import {
  archiveFolder,
  type HttpExchange,
  type Recording,
  refuseOtherFolder,
  snapshotFolder,
  writeRecording,
} from '../recording';
import { get, sendEvents } from '../http';
import { recordRanking, recordRetrieval } from './recording-proxy';

const PARTITION_COUNT = 2;
const CANDIDATE_COUNT = 20;
/** As small as a world can be whose trainer still has something to learn: the recording is under version control. */
const WORLD = { seed: 1, viewerCount: 24, videoCount: 40, dayCount: 3, endMs: Date.UTC(2026, 10, 23) } as const;
const ROOT = resolve(__dirname, '..', '..', '..', '..');

/** @throws Error before anything runs when the folder holds something other than a recording */
export async function record(folder: string, say: (text: string) => void): Promise<Recording> {
  refuseOtherFolder(folder);
  const world = new World(WORLD);
  const environment = {
    WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT),
    // One file of a partition and day: all is written at the end.
    WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '3600',
  };
  const system = await LocalSystem.create({ environment });
  try {
    return await recordSystem(system, world, environment, folder, say);
  } finally {
    await system.dispose();
  }
}

async function recordSystem(
  system: LocalSystem,
  world: World,
  environment: Readonly<Record<string, string>>,
  folder: string,
  say: (text: string) => void,
): Promise<Recording> {
  await system.start();
  const { events } = generateHistory(world);
  say(`sending ${events.length} events`);
  await sendAll(system.ingestionUrl, events);
  await system.materialised();
  // Stopping writes what the archive role still holds; then there is something to train on.
  await system.services.ingestion.stop();
  say('training');
  // A world this small has too little of a held-out day to beat anything on.
  await system.train(['--override-gate']);
  await system.services.ingestion.start();
  await until('the snapshot to be served', async () => (await rungOf(system.gatewayUrl, 'viewer-00001')) === 'full');

  say('asking for lists');
  const viewerIds = world.viewers.map(({ id }) => id).filter((_, index) => index % 6 === 0);
  const served = await recordLists(system, environment, viewerIds);
  await system.materialised();
  await system.services.ingestion.stop();
  const states = await readStates(system);
  const snapshotId = await copyStores(system, folder);
  const recording: Recording = {
    about: {
      recordedAtMs: Date.now(),
      version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
      snapshotId,
      partitionCount: PARTITION_COUNT,
      viewerIds,
    },
    states,
    ...served,
  };
  writeRecording(folder, recording);
  return recording;
}

/** A second gateway, beside the system's own, whose neighbours are behind the proxies. */
async function recordLists(
  system: LocalSystem,
  environment: Readonly<Record<string, string>>,
  viewerIds: readonly string[],
): Promise<Pick<Recording, 'retrieval' | 'ranking' | 'gateway'>> {
  const [retrieval, ranking] = await Promise.all([
    recordRetrieval(system.ports.retrieval),
    recordRanking(system.ports.ranking),
  ]);
  const [port] = (await freePorts(1)) as [number];
  const gateway = isolatedService(
    'gateway',
    {
      ...environment,
      WATCHNEXT_DATA_DIR: system.dataDirectory,
      WATCHNEXT_HTTP_PORT: String(port),
      WATCHNEXT_CONSOLE: 'open',
      WATCHNEXT_RETRIEVAL_ADDRESS: retrieval.address,
      WATCHNEXT_RANKING_ADDRESS: ranking.address,
      WATCHNEXT_INGESTION_URL: system.ingestionUrl,
      WATCHNEXT_CANDIDATES: String(CANDIDATE_COUNT),
      // A call that comes late is one that is not recorded.
      WATCHNEXT_DEADLINE_MS: '20000',
    },
    join(system.dataDirectory, 'logs', 'recorded'),
  );
  const url = `http://127.0.0.1:${port}`;
  try {
    await gateway.start();
    await until('the recorded gateway', async () => (await rungOf(url, viewerIds[0] as string)) === 'full');
    retrieval.forget();
    ranking.forget();
    const answers: HttpExchange[] = [];
    const lists = viewerIds.map((id) => `/v1/users/${id}/recommendations?limit=5`);
    for (const path of [...lists, '/v1/users/nobody/recommendations?limit=5', '/v1/videos/video-00001']) {
      answers.push(await get(url, path));
    }
    const [first] = viewerIds as [string];
    answers.push(
      await get(url, `/v1/users/${first}/recommendations?surface=up-next&seed=video-00002&explain=true&limit=2`),
    );
    answers.push(await get(url, `/v1/users/${first}/history`));
    return { retrieval: [...retrieval.exchanges], ranking: [...ranking.exchanges], gateway: answers };
  } finally {
    await gateway.stop();
    await Promise.all([retrieval.close(), ranking.close()]);
  }
}

async function sendAll(url: string, events: readonly Event[]): Promise<void> {
  for (const { status, answer } of await sendEvents(url, events)) {
    const { accepted, results } = answer as { accepted: number; results: unknown[] };
    // The world delivers some events twice, so fewer may be accepted than sent; none is rejected.
    if (status !== 200 || JSON.stringify(results).includes('rejected')) {
      throw new Error(`the collector took ${accepted} events: ${JSON.stringify(answer).slice(0, 500)}`);
    }
  }
}

async function rungOf(url: string, userId: string): Promise<string> {
  const { answer } = await get(url, `/v1/users/${userId}/recommendations`);
  return (answer as { rung: string }).rung;
}

async function readStates(system: LocalSystem): Promise<Recording['states']> {
  const store = system.openFeatureStore();
  try {
    const marks: Mark[] = [];
    const users: Recording['states']['users'][number][] = [];
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const mark = await store.readMark(partition);
      if (mark) marks.push(mark);
      const userIds = await store.listUserIds(partition, { limit: 10_000 });
      for (const [userId, state] of await store.readMany(partition, userIds)) users.push({ userId, partition, state });
    }
    return { marks, users };
  } finally {
    await store.close();
  }
}

/** @returns the id of the snapshot */
async function copyStores(system: LocalSystem, folder: string): Promise<string> {
  for (const target of [archiveFolder(folder), snapshotFolder(folder)])
    rmSync(target, { recursive: true, force: true });
  cpSync(system.archiveFolder, archiveFolder(folder), { recursive: true });
  const snapshots = system.openSnapshots();
  try {
    const snapshotId = await snapshots.readPointer();
    if (snapshotId === undefined) throw new Error('the trainer published no snapshot');
    const { directory } = await snapshots.fetch(snapshotId);
    for (const name of readdirSync(directory)) {
      cpSync(join(directory, name), join(snapshotFolder(folder), name), { recursive: true });
    }
    return snapshotId;
  } finally {
    await snapshots.close();
  }
}
