/**
 * One full story: a ranker trained on clicks against one trained on watch time, on the real services with days that pass in
 * seconds. First an interleaved test of two days, then two weeks of an A/B test; the reports are read from the archive as for
 * any experiment, beside what the simulated world knows to be true of the lists that were served.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayClient, type Recommendations } from '@watchnext/clients';
import { TRAINER_EXIT_CODES } from '@watchnext/config';
import { LocalSystem, until, temporaryFolder } from '@watchnext/end-to-end';
import {
  type ExperimentReport,
  signedPercent,
  plotEffect,
  renderHtml,
  renderJson,
  renderText,
  reportExperiment,
  standalone,
} from '@watchnext/experiment';
import { checkExperiments, metricOf, type MetricName } from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { ProducerClient } from '@watchnext/producer-client';
import { chooseViewers, LiveSimulator, Truth, WorldClock, type Viewer } from '@watchnext/simulator';
import { createDemoWorld, type DemoWorld, ingest, trainAndServe } from '../demo-world';
import { report, type BenchReport } from '../report';
import { followClock, MOVED_CLOCK_FILE } from './moved-clock';

export interface StoryOptions {
  readonly seed: number;
  readonly users: number;
  readonly videos: number;
  /** Days of history that both rankers learn from. */
  readonly history: number;
  /** Days of the A/B test. */
  readonly days: number;
  /** Folder for the pages and plots. */
  readonly out?: string;
}

const INTERLEAVED_DAYS = 2;
/** The clock moves by this much at a time, while nothing is under way. */
const STEP_MS = DAY_MS / 4;
const AT_ONCE = 2;
const LIMIT = 10;
/** Long enough for every process to have looked at the clock's file. */
const CLOCK_SETTLES_MS = 200;
const PLOTTED: readonly MetricName[] = ['watchSecondsPerUser', 'watchSecondsPerImpression', 'clicksPerImpression'];

/** What the world knows of the lists that one snapshot served. */
interface TrueSums {
  lists: number;
  watchSeconds: number;
  clicks: number;
}

export async function benchStory(options: StoryOptions): Promise<{ result: BenchReport; text: string }> {
  const { path: folder, remove } = temporaryFolder('story');
  const clockFile = join(folder, 'clock');
  const definitions = join(folder, 'experiments.json');
  writeFileSync(clockFile, '0');
  writeFileSync(definitions, JSON.stringify({ layers: [{ name: 'ranking', salt: 'story' }], experiments: [] }));
  const restoreClock = followClock(clockFile);
  const system = await LocalSystem.create({
    dataDirectory: join(folder, 'data'),
    environment: {
      NODE_OPTIONS: `--require=${join(__dirname, 'moved-clock.js')}`,
      [MOVED_CLOCK_FILE]: clockFile,
      WATCHNEXT_EXPERIMENTS_FILE: definitions,
      WATCHNEXT_EXPERIMENTS_POLL_SECONDS: '0.2',
      // What is told is what the rankers do, not how fast this machine is.
      WATCHNEXT_DEADLINE_MS: '8000',
    },
  });
  try {
    await system.start();
    const demo = createDemoWorld({ ...options, days: options.history });
    console.error(`ingesting ${demo.history.events.length} events …`);
    await ingest(system, demo.history);
    const snapshots = await trainBoth(system);
    const startMs = Date.now();
    const definition = definitionOf(startMs, options.days, snapshots);
    writeFileSync(definitions, JSON.stringify(definition));
    const file = checkExperiments(definition);
    await until('the snapshot of the experiment to be served', async () => {
      const answer = await new GatewayClient(system.gatewayUrl).recommendations('tess', { limit: 1, surface: 'home' });
      return answer.snapshotId === snapshots.clicks;
    });
    const moveTo = async (offsetMs: number) => {
      writeFileSync(clockFile, String(offsetMs));
      await sleep(CLOCK_SETTLES_MS);
    };
    const truths = await live(system, demo, options, moveTo);
    await system.drained();
    const archive = system.openArchive();
    try {
      const [first, second] = file.experiments;
      const reports = [
        await reportExperiment(archive, first, Date.now()),
        await reportExperiment(archive, second, Date.now()),
      ] as const;
      if (options.out !== undefined) writeOut(options.out, reports);
      return publishStory(options, reports, truths, snapshots);
    } finally {
      await archive.close();
    }
  } catch (error) {
    console.error(`the gateway's last words:\n${system.services.gateway.logTail(5)}`);
    throw error;
  } finally {
    restoreClock();
    await system.dispose();
    await remove();
  }
}

/** The watch-time ranker stays current; the other is published beside it, though the gate rejects it. */
async function trainBoth(system: LocalSystem): Promise<{ watchTime: string; clicks: string }> {
  console.error('training on watch time …');
  await trainAndServe(system);
  const store = system.openSnapshots();
  try {
    const watchTime = (await store.readPointer())!;
    console.error('training on clicks …');
    const code = await system.train(['--ranking-objective', 'click', '--override-gate', '--not-current']);
    const [clicks] = await store.list();
    if (code !== TRAINER_EXIT_CODES.published || clicks === watchTime)
      throw new Error(`the click-trained snapshot was not published (exit code ${code})`);
    return { watchTime, clicks };
  } finally {
    await store.close();
  }
}

function definitionOf(startMs: number, days: number, snapshots: { watchTime: string; clicks: string }) {
  const variants = [
    { name: 'watch-time', share: 0.5, serving: { snapshotId: snapshots.watchTime } },
    { name: 'clicks', share: 0.5, serving: { snapshotId: snapshots.clicks } },
  ];
  const shared = { layer: 'ranking', salt: 'story', variants, minimumLift: 0.1, testers: { tess: 'clicks' } };
  const time = (day: number) => new Date(startMs + day * DAY_MS).toISOString();
  return {
    layers: [{ name: 'ranking', salt: 'story' }],
    experiments: [
      {
        ...shared,
        name: 'click-ranker-first-look',
        hypothesis: 'Viewers prefer what a ranker trained on clicks puts first.',
        design: 'interleaved',
        start: time(0),
        stop: time(INTERLEAVED_DAYS),
      },
      {
        ...shared,
        name: 'click-ranker',
        hypothesis: 'A ranker trained on clicks makes viewers click more, and so watch more.',
        start: time(INTERLEAVED_DAYS),
        stop: time(INTERLEAVED_DAYS + days),
        guardrails: [
          { metric: 'dismissalsPerImpression', mostHarm: 0.1 },
          { metric: 'degradedShare', mostHarm: 0.01 },
          { metric: 'latencyMs', mostHarm: 0.2 },
        ],
      },
    ],
  };
}

/** Lets viewers come as often as they do, day after day. @returns the truth of the A/B test's lists by snapshot */
async function live(
  system: LocalSystem,
  { world, history }: DemoWorld,
  { days, seed }: StoryOptions,
  moveTo: (offsetMs: number) => Promise<void>,
): Promise<Map<string, TrueSums>> {
  const gateway = new GatewayClient(system.gatewayUrl);
  const sink = new ProducerClient({ url: system.ingestionUrl, producer: 'simulator' });
  const errors: Error[] = [];
  const simulator = new LiveSimulator({
    world,
    memories: history.memories,
    gateway,
    sink,
    sessionsPerMinute: 1,
    // Watches are told at once: the clock stands still while a page is looked at.
    speed: 1e9,
    clock: new WorldClock(world.options.endMs, 1),
    uploadEveryMs: DAY_MS / 20,
    onError: (error) => errors.push(error),
  });
  const truth = new Truth(world);
  const random = world.random.fork(`story ${seed}`);
  const viewers = chooseViewers(world, world.viewers.length);
  const truths = new Map<string, TrueSums>();
  const visit = async (viewer: Viewer, counts: boolean) => {
    const { country, device } = viewer;
    const list = await gateway.recommendations(viewer.id, { limit: LIMIT, surface: 'home', country, device });
    if (counts) addTruth(list, viewer);
    await simulator.play(viewer, list);
  };
  const addTruth = ({ snapshotId, items }: Recommendations, viewer: Viewer) => {
    const sums = truths.get(snapshotId) ?? { lists: 0, watchSeconds: 0, clicks: 0 };
    truths.set(snapshotId, sums);
    const memory = history.memories[viewer.index];
    const videos = items.flatMap(({ videoId }) => world.video(videoId) ?? []);
    sums.lists++;
    sums.watchSeconds += truth.listWatchSeconds(viewer, videos, Date.now(), memory);
    videos.forEach((video, position) => {
      sums.clicks += truth.clickProbability(viewer, video, position, Date.now(), memory);
    });
  };
  const steps = ((INTERLEAVED_DAYS + days) * DAY_MS) / STEP_MS;
  for (let step = 0; step < steps; step++) {
    await moveTo(step * STEP_MS);
    await simulator.uploadDue();
    const due = viewers.filter(({ sessionsPerDay }) => random.next() < (sessionsPerDay * STEP_MS) / DAY_MS);
    const waiting = [...due];
    const counts = step * STEP_MS >= INTERLEAVED_DAYS * DAY_MS;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let viewer = waiting.pop(); viewer; viewer = waiting.pop()) await visit(viewer, counts);
      }),
    );
    await sink.flush();
    // The next step's lists are made with all that was told.
    await system.materialised();
    process.stderr.write(`\rday ${Math.floor((step * STEP_MS) / DAY_MS) + 1} of ${INTERLEAVED_DAYS + days}`);
  }
  process.stderr.write('\n');
  await moveTo((INTERLEAVED_DAYS + days) * DAY_MS + 60_000);
  await simulator.stop();
  await sink.close();
  if (errors.length > 0) throw errors[0];
  return truths;
}

function writeOut(folder: string, [first, second]: readonly [ExperimentReport, ExperimentReport]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'first-look.html'), renderHtml(first));
  writeFileSync(join(folder, 'report.html'), renderHtml(second));
  writeFileSync(join(folder, 'report.json'), renderJson(second));
  for (const name of PLOTTED) {
    const looks = second.comparisons[0].metrics.find(({ metric }) => metric === name)?.looks ?? [];
    writeFileSync(join(folder, `${name}.svg`), `${standalone(plotEffect(metricOf(name).label, looks))}\n`);
  }
}

function publishStory(
  options: StoryOptions,
  [first, second]: readonly [ExperimentReport, ExperimentReport],
  truths: ReadonlyMap<string, TrueSums>,
  snapshots: { watchTime: string; clicks: string },
): { result: BenchReport; text: string } {
  const [control, treatment] = [truths.get(snapshots.watchTime), truths.get(snapshots.clicks)];
  const lift = (of: (sums: TrueSums) => number) =>
    control && treatment ? of(treatment) / treatment.lists / (of(control) / control.lists) - 1 : NaN;
  const truth = { watchSecondsPerList: lift((sums) => sums.watchSeconds), clicksPerList: lift((sums) => sums.clicks) };
  const others = [...truths.keys()].filter((id) => id !== snapshots.watchTime && id !== snapshots.clicks);
  const text = [
    renderText(first),
    renderText(second),
    `True of the lists that were served (${control?.lists ?? 0} and ${treatment?.lists ?? 0}): watch seconds ${signedPercent(truth.watchSecondsPerList)}, clicks ${signedPercent(truth.clicksPerList)}${others.length > 0 ? `; served otherwise: ${others.join(', ')}` : ''}`,
  ].join('\n');
  const figures = { first: JSON.parse(renderJson(first)), second: JSON.parse(renderJson(second)), truth };
  return { result: report('experiments story', { ...options }, figures), text };
}
