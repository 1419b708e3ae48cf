/** How long the report of an experiment with many users takes, from Parquet files to the page. */
import { percent } from '@watchnext/command-line';
import { temporaryFolder } from '@watchnext/end-to-end';
import { Event, Rung, TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import { renderHtml, reportExperiment } from '@watchnext/experiment';
import { Assigner, checkExperiments, type ExperimentsFile } from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { newEventId } from '@watchnext/producer-client';
import { report, type BenchReport } from '../report';

const START_MS = Date.UTC(2026, 10, 1);
const DAYS = 7;
const ITEMS = 10;
const RECORDS_PER_WRITE = 200_000;

export async function benchReportSpeed(options: { users: number }): Promise<{ result: BenchReport; text: string }> {
  const { path: folder, remove } = temporaryFolder('report-speed');
  const archive = openParquetArchive(folder, { memoryLimitMiB: 4_096 });
  try {
    const file = checkExperiments({
      layers: [{ name: 'all', salt: 'all' }],
      experiments: [
        {
          name: 'large',
          hypothesis: 'A report of very many users takes seconds.',
          layer: 'all',
          salt: 'large',
          start: new Date(START_MS).toISOString(),
          stop: new Date(START_MS + DAYS * DAY_MS).toISOString(),
          variants: [
            { name: 'control', share: 0.5 },
            { name: 'treatment', share: 0.5 },
          ],
        },
      ],
    });
    const eventCount = await archiveUsers(archive, file, options.users);
    const startedAt = performance.now();
    const made = await reportExperiment(archive, file.experiments[0], START_MS + DAYS * DAY_MS);
    const reportSeconds = (performance.now() - startedAt) / 1_000;
    const page = renderHtml(made);
    const newest = made.comparisons[0].metrics[0]?.looks.at(-1);
    const figures = {
      eventCount,
      reportSeconds,
      pageBytes: page.length,
      verdict: made.comparisons[0].verdict,
      users: (newest?.controlUsers ?? 0) + (newest?.treatmentUsers ?? 0),
      lift: newest?.lift,
    };
    const text = `${figures.users} users, ${eventCount} events: report in ${reportSeconds.toFixed(1)} s (${figures.verdict}, lift ${percent(newest?.lift ?? NaN, 2)}; 1% was planted)`;
    return { result: report('experiments report-speed', { ...options, days: DAYS }, figures), text };
  } finally {
    await archive.close();
    await remove();
  }
}

/** One or two lists and up to two watches of each user within the week, and a watch before it of most. */
async function archiveUsers(archive: EventArchive, file: ExperimentsFile, users: number): Promise<number> {
  const random = createRandom(1);
  const assigner = new Assigner(file);
  let [offset, pending] = [0, [] as { key: string; atMs: number; value: Uint8Array }[]];
  const flush = async () => {
    await archive.write(
      TOPICS.activity,
      0,
      pending.map(({ key, atMs, value }) => ({
        topic: TOPICS.activity,
        partition: 0,
        offset: offset++,
        timestampMs: atMs,
        key,
        value,
      })),
    );
    pending = [];
  };
  const tell = (key: string, atMs: number, body: Event['body']) => {
    const event = {
      eventId: newEventId(),
      occurredAtMs: atMs,
      receivedAtMs: atMs,
      producer: 'bench',
      backfill: true,
      body,
    };
    pending.push({ key, atMs, value: Event.encode(event).finish() });
  };
  const watch = (
    userId: string,
    atMs: number,
    { impressionId, videoId }: { impressionId: string; videoId: string },
    positionSeconds: number,
  ) =>
    tell(userId, atMs, {
      $case: 'watch',
      value: {
        userId,
        videoId,
        playbackId: newEventId(),
        impressionId,
        positionSeconds,
        video: undefined,
        country: 'SE',
        device: 'tv',
      },
    });
  const visit = (userId: string, atMs: number, seconds: number) => {
    const requestId = newEventId();
    const { variant } = assigner.within(file.experiments[0], userId)!;
    const served = {
      userId,
      requestId,
      pageId: '',
      context: {
        requestedAtMs: atMs,
        surface: 'home',
        country: ['SE', 'FR', 'DE'][random.nextInt(3)],
        device: ['tv', 'phone'][random.nextInt(2)],
        loggedIn: true,
        seedVideoId: '',
      },
      mark: undefined,
      snapshotId: 'one',
      rung: Rung.FULL,
      rungReason: '',
      items: Array.from({ length: ITEMS }, (_, position) => ({
        impressionId: `${requestId}-${position}`,
        videoId: `video-${random.nextInt(100_000)}`,
        position,
        video: undefined,
        source: 'retrieval',
        sourceScore: 1,
        score: 10,
        featuresChecksum: undefined,
        propensity: 1,
        team: '',
      })),
      experimentId: 'large',
      variantId: variant.name,
      assignments: [{ experimentId: 'large', variantId: variant.name, overridden: false }],
      latencyMs: 30 + random.nextInt(20),
      exploredPlaces: [],
    };
    tell(userId, atMs, { $case: 'impressionsServed', value: served });
    if (random.next() < 0.6) {
      const lifted = variant.name === 'treatment' ? 1.01 : 1;
      watch(userId, atMs + 60_000, served.items[0], Math.round(seconds * lifted * (0.5 + random.next())));
    }
  };
  const tastes = Float32Array.from({ length: users }, () => 100 * Math.exp(0.5 * random.gaussian()));
  // Day by day, as an archive is written.
  for (let day = -1; day < DAYS; day++) {
    for (let user = 0; user < users; user++) {
      const atMs = START_MS + day * DAY_MS + Math.floor(random.next() * 0.9 * DAY_MS);
      if (day < 0) {
        if (random.next() < 0.7)
          watch(`user-${user}`, atMs, { impressionId: '', videoId: 'video-1' }, Math.round(tastes[user]));
      } else if (user % DAYS === day || random.next() < 0.08) visit(`user-${user}`, atMs, tastes[user]);
      if (pending.length >= RECORDS_PER_WRITE) {
        await flush();
        process.stderr.write(`\rarchived ${offset} events`);
      }
    }
  }
  await flush();
  process.stderr.write(`\rarchived ${offset} events\n`);
  return offset;
}
