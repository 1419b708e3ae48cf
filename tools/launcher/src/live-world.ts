/** The simulated world, kept going in the background, and what served lists are worth in it. */
import { GatewayClient, type Recommendations } from '@watchnext/clients';
import {
  chooseViewers,
  evaluateLists,
  formatEvaluation,
  LiveSimulator,
  popularityProvider,
  randomProvider,
  LONGEST_DAYS_SINCE,
  type EventSink,
  type ListEvaluation,
  type Viewer,
  WorldClock,
} from '@watchnext/simulator';
import { type ProgressTask, startTask } from '@watchnext/command-line';
import type { FolderState } from './data-folder';
import type { SimulatedSource } from './source';

const LIST_LENGTH = 10;
const VIEWERS_EVALUATED = 100;
const SESSIONS_PER_MINUTE = 20;
/** See `DEMO_SETTLED_AFTER_HOURS`. */
const SPEED = 30;
/** Of the world's time: a quarter of an hour of the clock's. */
const UPLOAD_EVERY_MS = SPEED * 15 * 60_000;
/** The user shown has watched enough to have a taste, and not so much that nobody can read it. */
const SHOWN_WATCHES = [15, 40] as const;
const ERRORS_SAID = 3;

/** @returns why nobody comes to a world any more, and what helps; undefined while it can be caught up with */
export function describeBygone({ endMs }: NonNullable<FolderState['world']>): string | undefined {
  const days = new WorldClock(endMs, SPEED).daysSince;
  if (days <= LONGEST_DAYS_SINCE) return undefined;
  return (
    `The history of this world ended ${new Date(endMs).toISOString().slice(0, 10)}, ${Math.round(days)} of its days ago, and ${LONGEST_DAYS_SINCE} can be caught up with: ` +
    'no simulated viewers come. What was learned is served; --fresh begins a new world.'
  );
}

export class LiveWorld {
  private readonly live: LiveSimulator;
  private errors = 0;

  constructor(
    private readonly source: SimulatedSource,
    private readonly gateway: GatewayClient,
    sink: EventSink,
    say: (text: string) => void,
    /** The world has lived on since its history, in starts before this one. */
    private readonly continued: boolean,
  ) {
    this.live = new LiveSimulator({
      world: source.world,
      memories: source.history.memories,
      gateway,
      sink,
      sessionsPerMinute: SESSIONS_PER_MINUTE,
      speed: SPEED,
      uploadEveryMs: UPLOAD_EVERY_MS,
      onError: (error) => {
        if (++this.errors <= ERRORS_SAID)
          say(
            `A simulated viewer met an error: ${error.message}${this.errors === ERRORS_SAID ? ' (further ones are counted only)' : ''}`,
          );
      },
    });
  }

  /** What was uploaded, who came and who logged in while nothing ran. */
  async catchUp(): Promise<void> {
    let task: ProgressTask | undefined;
    try {
      await this.live.catchUp((what, done, total) => {
        task ??= startTask(what === 'uploads' ? 'Uploads since' : 'Who came or logged in since', what);
        task.update(done, total);
        if (done < total) return;
        task.finish();
        task = undefined;
      });
    } finally {
      // Stopped, or failed.
      task?.abandon();
    }
  }

  start(): void {
    this.live.start();
  }

  stop(): Promise<void> {
    return this.live.stop();
  }

  describe(): string {
    const { sessions, pages, watches, watchSeconds, newcomers, logins, uploads } = this.live.counts;
    const failed = this.errors > 0 ? `, ${this.errors} errors` : '';
    return `The world since the start: ${sessions} sessions, ${pages} pages, ${watches} watches, ${(watchSeconds / 3_600).toFixed(1)} hours watched, ${newcomers} newcomers, ${logins} logins, ${uploads} uploads${failed}.`;
  }

  /** A viewer whose history a person can read. */
  shownViewer(): Viewer {
    const [fewest, most] = SHOWN_WATCHES;
    const index = this.source.history.memories.findIndex(
      ({ watchedCount }) => watchedCount >= fewest && watchedCount <= most,
    );
    return this.live.viewer(Math.max(0, index));
  }

  /**
   * The lists that the gateway serves now, beside popularity, chance and the oracle. The viewers asked for then look
   * at what they were served, so that these impressions are as real as any: left unseen, they would be learned from
   * as lists that nobody liked. Popularity is left out of a world that has lived on: it was counted in the history, and
   * what was popular then says nothing against a list of today.
   */
  async evaluate(signal: AbortSignal): Promise<{ rows: ListEvaluation[]; text: string }> {
    const { world, history } = this.source;
    const viewers = chooseViewers(world, VIEWERS_EVALUATED).map(({ index }) => this.live.viewer(index));
    const served: { viewer: Viewer; list: Recommendations }[] = [];
    const task = startTask('Asking for lists', 'viewers');
    try {
      const rows = await evaluateLists({
        world,
        memories: history.memories,
        viewers,
        limit: LIST_LENGTH,
        now: () => this.live.clock.nowMs,
        onProgress: (done, total) => task.update(done, total),
        providers: [
          randomProvider(world, history.memories, world.options.seed),
          ...(this.continued ? [] : [popularityProvider(world, history.popularity, history.memories)]),
          {
            name: 'served',
            list: async (viewer, limit) => {
              const list = await this.gateway.recommendations(
                viewer.id,
                { limit, surface: 'home', country: viewer.country, device: viewer.device },
                signal,
              );
              served.push({ viewer, list });
              return list.items.map((item) => item.videoId);
            },
          },
        ],
      });
      task.finish();
      for (const { viewer, list } of served) this.live.playInBackground(viewer, list);
      return { rows, text: formatEvaluation(rows, LIST_LENGTH, viewers.length) };
    } catch (error) {
      task.abandon();
      throw error;
    }
  }
}
