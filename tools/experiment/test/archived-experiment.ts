/** A little experiment in an archive, with outcomes drawn from one seed, and the same outcomes as plain numbers. */
import { Event } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import {
  Assigner,
  checkExperiments,
  type Experiment,
  type ExperimentsFile,
  USER_NUMBERS,
  type UserNumber,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';

export const START_MS = Date.UTC(2026, 10, 1);

export const fileWith = (overrides: Record<string, unknown> = {}): ExperimentsFile =>
  checkExperiments({
    layers: [{ name: 'ranking', salt: 'a' }],
    experiments: [
      {
        name: 'better',
        hypothesis: 'Viewers watch longer.',
        layer: 'ranking',
        salt: 'november',
        start: new Date(START_MS).toISOString(),
        stop: new Date(START_MS + 10 * DAY_MS).toISOString(),
        minimumLift: 0.2,
        variants: [
          { name: 'control', share: 0.5 },
          { name: 'treatment', share: 0.5 },
        ],
        guardrails: [{ metric: 'latencyMs', mostHarm: 0.1 }],
        testers: { tess: 'treatment' },
        ...overrides,
      },
    ],
  });

type Day = Record<UserNumber, number>;
export interface Outcome {
  readonly variant: string;
  readonly covariate: number;
  /** By day of the experiment; days without anything are left out. */
  readonly days: Map<number, Day>;
}

export interface WorldOptions {
  readonly users: number;
  readonly days: number;
  readonly lift?: number;
  /** Of the treatment's users, this share of those on a TV is lost before any list is logged. */
  readonly lostOnTv?: number;
  /** Programs in the treatment that ask for lists all day. */
  readonly machines?: number;
}

const none = (): Day => Object.fromEntries(USER_NUMBERS.map((name) => [name, 0])) as Day;

export async function archiveExperiment(
  folder: string,
  file: ExperimentsFile,
  { users, days, lift = 0, lostOnTv = 0, machines = 0 }: WorldOptions,
): Promise<{ archive: EventArchive; outcomes: Map<string, Outcome> }> {
  const experiment = file.experiments[0] as Experiment;
  const assigner = new Assigner(file);
  const random = createRandom(21);
  const events: { key: string; event: Event }[] = [];
  const outcomes = new Map<string, Outcome>();
  const tell = (key: string, event: Event) => events.push({ key, event });

  const list = (userId: string, requestId: string, atMs: number, device: string, latencyMs: number, rung: 1 | 2) => {
    const assignment = assigner.within(experiment, userId)!;
    const items = [0, 1].map((position) =>
      impressionItemOf(`video-${random.nextInt(30)}`, { impressionId: `${requestId}-${position}`, position }),
    );
    const served = impressionsServedOf(userId, items, {
      requestId,
      rung,
      latencyMs,
      context: { requestedAtMs: atMs, surface: 'home', country: 'SE', device, loggedIn: true, seedVideoId: '' },
      assignments: [
        { experimentId: 'another', variantId: 'x', overridden: false },
        { experimentId: experiment.name, variantId: assignment.variant.name, overridden: assignment.overridden },
      ],
    });
    const event = eventOf(served, atMs);
    tell(userId, event);
    // Producers that retry deliver twice.
    if (random.next() < 0.05) tell(userId, event);
    return items;
  };

  for (let index = 0; index < users + machines + 1; index++) {
    const isMachine = index >= users && index < users + machines;
    const userId = index === users + machines ? 'tess' : isMachine ? `machine-${index}` : `user-${index}`;
    const device = random.next() < 0.3 ? 'tv' : 'phone';
    const assignment = assigner.within(experiment, userId);
    if (!assignment) continue;
    const variant = assignment.variant.name;
    if (isMachine && variant === 'control') continue;
    if (variant === 'treatment' && device === 'tv' && random.next() < lostOnTv) continue;
    const taste = Math.exp(0.6 * random.gaussian());
    const outcome: Outcome = { variant, covariate: 0, days: new Map() };
    let covariate = 0;
    if (random.next() < 0.8) {
      covariate = Math.round(60 * taste);
      const atMs = START_MS - 2 * DAY_MS;
      tell(
        userId,
        eventOf(watchOf(userId, 'video-1', { playbackId: `before ${userId}`, positionSeconds: covariate }), atMs),
      );
    }
    for (let day = 0; day < days; day++) {
      if (day > 0 && random.next() < 0.4) continue;
      const own = none();
      const lists = isMachine ? 120 : 1 + random.nextInt(2);
      for (let n = 0; n < lists; n++) {
        const atMs = START_MS + day * DAY_MS + (n + 1) * 60_000;
        const requestId = `request ${userId} ${day} ${n}`;
        const latencyMs = 20 + random.nextInt(20);
        const rung = random.next() < 0.02 ? 2 : 1;
        const [{ videoId }] = list(userId, requestId, atMs, device, latencyMs, rung);
        own.lists++;
        own.impressions += 2;
        own.latencyMs += latencyMs;
        own.degradedLists += rung - 1;
        if (isMachine || random.next() < 0.3) continue;
        const seconds = Math.round(100 * taste * (variant === 'treatment' ? 1 + lift : 1) * (0.5 + random.next()));
        const attributed = random.next() < 0.8;
        const playback = {
          playbackId: `playback ${requestId}`,
          impressionId: attributed ? `${requestId}-0` : '',
        };
        for (const part of [0.5, 1])
          tell(
            userId,
            eventOf(watchOf(userId, videoId, { ...playback, positionSeconds: seconds * part }), atMs + part * 30_000),
          );
        own.watches++;
        own.watchSeconds += seconds;
        if (attributed) {
          own.attributedWatches++;
          own.attributedWatchSeconds += seconds;
        }
        if (random.next() < 0.1) {
          tell(
            userId,
            eventOf(
              { $case: 'dismissal', value: { userId, videoId: 'video-2', impressionId: `${requestId}-1` } },
              atMs + 20_000,
            ),
          );
          own.dismissals++;
        }
      }
      outcome.days.set(day, own);
    }
    outcomes.set(userId, { ...outcome, covariate });
  }
  return { archive: await archiveOf(folder, events), outcomes };
}

/** An archive of events, in order of their times. */
export async function archiveOf(folder: string, events: { key: string; event: Event }[]): Promise<EventArchive> {
  const archive = openParquetArchive(folder);
  const records = events
    .sort((a, b) => a.event.occurredAtMs - b.event.occurredAtMs)
    .map(({ key, event }, offset) => ({
      topic: 'watchnext.activity.v1',
      partition: 0,
      offset,
      timestampMs: event.occurredAtMs,
      key,
      value: Event.encode(event).finish(),
    }));
  await archive.write('watchnext.activity.v1', 0, records);
  return archive;
}
