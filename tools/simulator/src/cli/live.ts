import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LimitedLines, startTask } from '@watchnext/command-line';
import { type CollectorAccess, describeRejection } from '@watchnext/datasets';
import { ProducerClient, UndeliveredEventsError } from '@watchnext/producer-client';
import { LONGEST_DAYS_SINCE, WorldClock } from '../live/clock';
import { GatewayClient } from '@watchnext/clients';
import { memoriesOf } from '../history';
import { LiveSimulator } from '../live/live';
import type { WorldOptions } from '../parameters';
import type { EventSink } from '../sink';
import { World } from '../world';
import { WORLD_FILE } from './archive';

export interface LiveCommand {
  readonly world: WorldOptions;
  readonly gateway: string;
  readonly ingestion: string;
  readonly access: CollectorAccess;
  /** Undefined: as many as the world has by itself at that speed. */
  readonly sessionsPerMinute: number | undefined;
  readonly speed: number;
  /** Of the world's time. */
  readonly uploadEveryMinutes: number;
  /** Undefined: until stopped. */
  readonly minutes: number | undefined;
}

const REPORT_EVERY_MS = 1_000;
const ERRORS_SAID = 5;
/** What a collector that is down has not taken by then is given up. */
const CLOSE_LIMIT_MS = 5_000;

/** What went wrong while the world lived, known at its end, however that came. */
export class LiveError extends Error {
  override readonly name = 'LiveError';
}

/** The world whose archive lies in a data folder. @throws Error when none does, or its file does not tell */
export function worldOf(dataFolder: string): WorldOptions {
  const file = join(dataFolder, WORLD_FILE);
  if (!existsSync(file)) throw new Error(`${file} is not there: write a world's archive first (simulate archive)`);
  const text = readFileSync(file, 'utf8');
  let told: { readonly world?: WorldOptions | null } | null;
  try {
    told = JSON.parse(text) as typeof told;
  } catch (cause) {
    throw new DamagedWorldError(file, { cause });
  }
  if (typeof told?.world !== 'object' || told.world === null) throw new DamagedWorldError(file);
  return told.world;
}

/** As a disk may leave a file. */
class DamagedWorldError extends Error {
  constructor(file: string, options?: ErrorOptions) {
    super(`${file} is damaged: write the world's archive anew, into another folder (simulate archive)`, options);
    this.name = 'DamagedWorldError';
  }
}

/**
 * Viewers come, are served by the gateway, and tell the collector what they did, until the time is up or a signal comes.
 *
 * @throws LiveError when every session failed, or the collector refused an event or has not got one; Error for a world too long past
 */
export async function runLive(command: LiveCommand, signal: AbortSignal): Promise<void> {
  refuseBygone(command.world, command.speed);
  const world = new World(command.world);
  const everybody = Array.from({ length: world.population.count }, (_, index) => index);
  const { client, sink, toldCount } = openCollector(command);
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
  const { mean, now } = live.rate;
  process.stdout.write(
    `At speed ${command.speed} a day of the world passes in ${formatMinutes(1_440 / command.speed)} ` +
      `and brings ${world.population.newcomersPerDay.toFixed(1)} newcomers; ` +
      `${mean.toFixed(1)} sessions a minute on average over its week, ${now.toFixed(1)} at this hour of it\n`,
  );
  const startedAtMs = Date.now();
  const endsAtMs = command.minutes === undefined ? Infinity : startedAtMs + 60_000 * command.minutes;
  const task = startTask('Living', 'sessions');
  live.start();
  const planned = command.minutes === undefined ? 0 : Math.round(command.minutes * mean);
  while (Date.now() < endsAtMs && !signal.aborted) {
    await sleep(Math.min(REPORT_EVERY_MS, endsAtMs - Date.now()), undefined, { signal }).catch(() => undefined);
    const { sessions, watches, failures } = live.counts;
    task.update(sessions, planned, `${watches} watches, ${failures} failures`);
  }
  await live.stop();
  await client.close(CLOSE_LIMIT_MS).catch((error: unknown) => {
    if (!(error instanceof UndeliveredEventsError)) throw error;
  });
  const { sessions, turnedAway, pages, watches, watchesElsewhere, watchSeconds } = live.counts;
  const { newcomers, logins, uploads, failures } = live.counts;
  task.finish();
  const minutes = (Date.now() - startedAtMs) / 60_000;
  process.stdout.write(
    `${sessions} sessions (${(sessions / minutes).toFixed(1)} a minute), ${pages} pages, ${watches} watches (${watchesElsewhere} from elsewhere), ` +
      `${(watchSeconds / 3_600).toFixed(1)} hours watched, ${newcomers} newcomers, ${logins} logins, ${uploads} uploads, ` +
      `${failures} failures${turnedAway > 0 ? `, ${turnedAway} turned away since too many were there` : ''}\n`,
  );
  const { acceptedEvents, duplicateEvents, rejectedEvents } = client.statistics();
  const undelivered = toldCount() - acceptedEvents - duplicateEvents - rejectedEvents;
  const problems = [
    ...(sessions > 0 && failures >= sessions ? ['every session failed; the first errors stand above'] : []),
    ...(rejectedEvents > 0 ? [`the collector refused ${count(rejectedEvents, 'event')}`] : []),
    ...(undelivered > 0 ? [`${count(undelivered, 'event')} could not be delivered`] : []),
  ];
  if (problems.length > 0) throw new LiveError(problems.join('; '));
}

/** The collector, which says what it refuses and that it cannot be reached; `toldCount` is of all that it was to get. */
function openCollector({ access, ingestion }: LiveCommand): {
  readonly client: ProducerClient;
  readonly sink: EventSink;
  toldCount(): number;
} {
  const write = (line: string) => process.stderr.write(line);
  const [failures, rejections] = [new LimitedLines(write), new LimitedLines(write)];
  let told = 0;
  const client = new ProducerClient({
    ...access,
    url: ingestion,
    producer: 'simulator',
    onError: ({ message }) => failures.say(`the collector at ${ingestion}: ${message}; it is tried again`),
    onRejected: (rejection) => rejections.say(`the collector refused event ${describeRejection(rejection)}`),
  });
  const send: EventSink['send'] = (event) => {
    told++;
    return client.send(event);
  };
  return { client, sink: { send, flush: () => client.flush() }, toldCount: () => told };
}

function count(number: number, unit: string): string {
  return `${number.toLocaleString('en-US')} ${unit}${number === 1 ? '' : 's'}`;
}

/** @throws Error when the world's days since its history are too many to make sense */
function refuseBygone({ endMs }: WorldOptions, speed: number): void {
  const days = new WorldClock(endMs, speed).daysSince;
  if (days > LONGEST_DAYS_SINCE)
    throw new Error(
      `the history of this world ended ${new Date(endMs).toISOString().slice(0, 10)}, at speed ${speed} ${Math.round(days)} of its days ago: ` +
        'write its archive with --end now, or choose a lower --speed',
    );
}

function formatMinutes(minutes: number): string {
  return minutes < 120 ? `${minutes.toFixed(minutes < 10 ? 1 : 0)} minutes` : `${(minutes / 60).toFixed(1)} hours`;
}
