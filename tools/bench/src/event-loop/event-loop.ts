/** npm run bench -- event-loop: the lag of retrieval's and ranking's event loops, as their metrics tell it. */
import { type ChildProcess, fork } from 'node:child_process';
import { link, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { metricsText } from '@watchnext/clients';
import { LocalSystem, until, temporaryFolder } from '@watchnext/end-to-end';
import { freePorts } from '@watchnext/local-stack';
import { publishInto } from '@watchnext/testing/snapshots';
import { largeRanker } from '../rank/large-ranker';
import { type BenchReport, report } from '../report';
import { writeLargeSnapshot } from './large-snapshot';
import { Load } from './load';

export interface EventLoopOptions {
  readonly videos: number;
  readonly rate: number;
  readonly candidates: number;
  readonly seed: number;
}

const APPS = ['retrieval', 'ranking'] as const;
type App = (typeof APPS)[number];

/** The metrics look back 15 to 30 s. */
const WINDOW_MS = 30_000;
const LAG = 'watchnext_event_loop_lag_seconds';
const SWAP_LIMIT_MS = 20 * 60_000;

interface Phase {
  readonly phase: string;
  readonly seconds: number;
  /** The longest that each event loop was held up, in ms. */
  readonly worstMs: Record<App | 'idle', number>;
  readonly residentMiB: Record<App, number>;
  /** Sent to each of the two. */
  readonly requests: number;
  readonly failures: number;
}

export async function benchEventLoop(options: EventLoopOptions): Promise<{ result: BenchReport; text: string }> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { path: files, remove } = temporaryFolder('bench-event-loop');
  const [retrievalMetrics, rankingMetrics] = (await freePorts(2)) as [number, number];
  const metricsPorts: Record<App, number> = { retrieval: retrievalMetrics, ranking: rankingMetrics };
  const system = await LocalSystem.create({
    // What is measured is a few milliseconds long.
    environment: { WATCHNEXT_LOG_LEVEL: 'warn', WATCHNEXT_EVENT_LOOP_LOOK_MS: '1' },
    own: {
      retrieval: {
        WATCHNEXT_METRICS_PORT: String(retrievalMetrics),
        // The graph was built in a hurry, over vectors that mean nothing.
        WATCHNEXT_CANARY_MIN_RECALL: '0',
        WATCHNEXT_CANARY_MIN_OVERLAP: '0',
      },
      ranking: { WATCHNEXT_METRICS_PORT: String(rankingMetrics) },
    },
  });
  const idle = new IdleProcess();
  let load: Load | undefined;
  try {
    say(`making a snapshot of ${options.videos} videos`);
    const videoIds = Array.from({ length: options.videos }, (_, i) => `video-${i}`);
    const ranker = await largeRanker(options.videos, options.seed);
    const written = await writeLargeSnapshot(files, ranker, videoIds, options.seed);
    const store = system.openSnapshots();
    const publish = (snapshotId: string) =>
      publishInto(store, snapshotId, async (directory) => {
        for (const name of await readdir(files)) await link(join(files, name), join(directory, name));
        return written;
      });
    const [first, next] = ['20260101T000001Z-first', '20260101T000002Z-second'] as const;
    await publish(first);
    say('starting retrieval and ranking');
    await Promise.all(APPS.map((app) => system.services[app].start()));
    const serves = (snapshotId: string) =>
      until(`snapshot ${snapshotId}`, () => isCurrent(snapshotId, Object.values(metricsPorts)), SWAP_LIMIT_MS);
    await serves(first);
    load = new Load(system.ports, ranker.request, options);
    const scrapes = Object.fromEntries(APPS.map((app) => [app, new Scrape(metricsPorts[app])])) as Record<App, Scrape>;
    const measure = async (phase: string, work: () => Promise<void>): Promise<Phase> => {
      say(phase);
      await sleep(WINDOW_MS);
      idle.reset();
      const [sentBefore, failuresBefore] = [load!.sent, load!.failures];
      APPS.forEach((app) => scrapes[app].begin());
      const startedAt = performance.now();
      await work();
      const seconds = (performance.now() - startedAt) / 1_000;
      const ended = await Promise.all(APPS.map((app) => scrapes[app].end()));
      const [retrieval, ranking] = ended as [Scraped, Scraped];
      return {
        phase,
        seconds,
        worstMs: { retrieval: retrieval.worstMs, ranking: ranking.worstMs, idle: idle.worstMs },
        residentMiB: { retrieval: retrieval.residentMiB, ranking: ranking.residentMiB },
        requests: load!.sent - sentBefore,
        failures: load!.failures - failuresBefore,
      };
    };
    const phases = [
      await measure('serving', () => sleep(WINDOW_MS)),
      await measure('another snapshot is published, loaded and takes over', async () => {
        await publish(next);
        await serves(next);
        await sleep(2_000);
      }),
    ];
    await store.close();
    const line = ({ phase, seconds, worstMs, residentMiB, requests, failures }: Phase) =>
      `${phase} (${seconds.toFixed(0)} s): retrieval ${worstMs.retrieval.toFixed(1)} ms, ranking ${worstMs.ranking.toFixed(1)} ms, ` +
      `an idle process beside them ${worstMs.idle.toFixed(1)} ms; ${residentMiB.retrieval.toFixed(0)} and ` +
      `${residentMiB.ranking.toFixed(0)} MiB; ${requests} requests to each (${(requests / seconds).toFixed(0)}/s), ${failures} failed`;
    const text = ['the longest that an event loop was held up:', ...phases.map(line)].join('\n');
    return { result: report('event-loop', { ...options }, phases), text };
  } finally {
    await load?.stop();
    idle.stop();
    await system.dispose();
    await remove();
  }
}

const metricsOf = (port: number) => metricsText(`http://127.0.0.1:${port}`);

async function isCurrent(snapshotId: string, ports: readonly number[]): Promise<boolean> {
  const texts = await Promise.all(ports.map(metricsOf));
  return texts.every((text) => new RegExp(`snapshot="${snapshotId}"\\} 1$`, 'm').test(text));
}

interface Scraped {
  readonly worstMs: number;
  readonly residentMiB: number;
}

/** Reads a service's worst lag again and again, as its window moves on. */
class Scrape {
  private timer: NodeJS.Timeout | undefined;
  private worstMs = 0;

  constructor(private readonly port: number) {}

  begin(): void {
    this.worstMs = 0;
    this.timer = setInterval(() => void this.read().catch(() => undefined), 5_000);
  }

  async end(): Promise<Scraped> {
    clearInterval(this.timer);
    const text = await this.read();
    const bytes = Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1] ?? NaN);
    return { worstMs: this.worstMs, residentMiB: bytes / 2 ** 20 };
  }

  private async read(): Promise<string> {
    const text = await metricsOf(this.port);
    const worst = new RegExp(`^${LAG}\\{quantile="1"\\} (\\S+)$`, 'm').exec(text)?.[1];
    if (worst === undefined) throw new Error(`${LAG} is not among the metrics at port ${this.port}`);
    this.worstMs = Math.max(this.worstMs, 1_000 * Number(worst));
    return text;
  }
}

class IdleProcess {
  worstMs = 0;
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(join(__dirname, 'idle-program.js'), { execArgv: [] });
    this.child.on('message', (lagMs: number) => (this.worstMs = Math.max(this.worstMs, lagMs)));
  }

  reset(): void {
    this.worstMs = 0;
  }

  stop(): void {
    this.child.kill();
  }
}
