import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTask } from '@watchnext/datasets';
import { ProducerClient } from '@watchnext/producer-client';
import { GatewayClient } from '../gateway-client';
import { memoriesOf } from '../history';
import { LiveSimulator } from '../live';
import type { WorldOptions } from '../parameters';
import { World } from '../world';
import { WORLD_FILE } from './archive';

export interface LiveCommand {
  readonly world: WorldOptions;
  readonly gateway: string;
  readonly ingestion: string;
  readonly sessionsPerMinute: number;
  readonly speed: number;
  readonly uploadEveryMinutes: number;
  /** Undefined: until stopped. */
  readonly minutes: number | undefined;
}

const REPORT_EVERY_MS = 1_000;
const ERRORS_SAID = 5;

/** The world whose archive lies in a data folder. @throws Error when none does */
export function worldOf(dataFolder: string): WorldOptions {
  const file = join(dataFolder, WORLD_FILE);
  if (!existsSync(file)) throw new Error(`${file} is not there: write a world's archive first (simulate archive)`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { world: WorldOptions }).world;
}

/** Viewers come, are served by the gateway, and tell the collector what they did, until the time is up or a signal comes. */
export async function runLive(command: LiveCommand, signal: AbortSignal): Promise<void> {
  const world = new World(command.world);
  const everybody = Array.from({ length: world.population.count }, (_, index) => index);
  const sink = new ProducerClient({ url: command.ingestion, producer: 'simulator' });
  let errors = 0;
  const live = new LiveSimulator({
    world,
    memories: memoriesOf(world, everybody),
    gateway: new GatewayClient(command.gateway),
    sink,
    sessionsPerMinute: command.sessionsPerMinute,
    speed: command.speed,
    uploadEveryMs: command.uploadEveryMinutes * 60_000,
    onError: (error) => {
      if (++errors <= ERRORS_SAID) process.stderr.write(`a viewer met an error: ${error.message}\n`);
    },
  });
  const startedAtMs = Date.now();
  const endsAtMs = command.minutes === undefined ? Infinity : startedAtMs + 60_000 * command.minutes;
  const task = startTask('Living', 'sessions');
  live.start();
  const planned = command.minutes === undefined ? 0 : Math.round(command.minutes * command.sessionsPerMinute);
  while (Date.now() < endsAtMs && !signal.aborted) {
    await sleep(Math.min(REPORT_EVERY_MS, endsAtMs - Date.now()), undefined, { signal }).catch(() => undefined);
    const { sessions, watches, failures } = live.counts;
    task.update(sessions, planned, `${watches} watches, ${failures} failures`);
  }
  await live.stop();
  await sink.close();
  const { sessions, pages, watches, watchSeconds, uploads, failures } = live.counts;
  task.finish();
  const minutes = (Date.now() - startedAtMs) / 60_000;
  process.stdout.write(
    `${sessions} sessions (${(sessions / minutes).toFixed(1)} a minute), ${pages} pages, ${watches} watches, ` +
      `${(watchSeconds / 3_600).toFixed(1)} hours watched, ${uploads} uploads, ${failures} failures\n`,
  );
  if (sessions > 0 && failures >= sessions) throw new Error('every session failed; the first errors stand above');
}
