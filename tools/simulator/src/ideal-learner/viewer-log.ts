/** What the log of one viewer's life tells a learner: what it was shown, clicked, watched, for how long, and searched. */
import type { Random } from '@watchnext/learning';
import type { LifeTeller } from '../life/life';
import type { LifeRecorder } from '../life/recorder';
import { ViewerMemory } from '../memory';
import { TOPICS_OF_THE_WORLD } from '../topics';

/** Videos that stand for what else could have come a viewer's way when it watched something from elsewhere. */
const ALTERNATIVES = 16;
export const NOTHING_MET = new ViewerMemory();

export interface Showing {
  readonly video: number;
  /** Chance that its place is considered, times what earlier showings left of its welcome. */
  readonly factor: number;
  /** Seconds watched; undefined without a click. */
  watchSeconds: number | undefined;
}

export interface Visit {
  readonly atMs: number;
  readonly device: number;
  /** Asked for by a search for this topic; undefined: the viewer came to the home page; null: neither. */
  readonly searched: number | undefined | null;
  readonly showings: Showing[];
}

/** What the log tells of a viewer up to some moment. */
export interface ViewerLog {
  readonly visits: readonly Visit[];
  readonly elsewhere: readonly WatchFromElsewhere[];
}

export interface WatchFromElsewhere {
  readonly atMs: number;
  readonly device: number;
  readonly video: number;
  readonly watchSeconds: number;
  readonly alternatives: readonly number[];
}

/** Takes down what a life's log holds. */
export class LogTaker implements LifeRecorder {
  readonly visits: Visit[] = [];
  readonly elsewhere: WatchFromElsewhere[] = [];
  /** By visit: all places of the page, seen or not, with what earlier showings left of their welcome. */
  readonly pages: (readonly { readonly video: number; readonly welcome: number }[])[] = [];
  private search: number | undefined;

  constructor(
    private readonly teller: LifeTeller,
    private readonly viewerIndex: number,
    private readonly random: Random,
  ) {}

  searched(words: string): void {
    this.search = topicOfWords(words);
  }

  served(...[page, moment, memory]: Parameters<NonNullable<LifeRecorder['served']>>): void {
    const { truth } = this.teller;
    const searched = page.surface === 1 ? this.search : page.surface === 0 ? undefined : null;
    const places = page.videos.map((video) => {
      const fresh = truth.attractionAt(moment, video, NOTHING_MET);
      return { video, welcome: fresh > 0 ? truth.attractionAt(moment, video, memory) / fresh : 0 };
    });
    const showings = places.map(({ video, welcome }, position): Showing => {
      const attention = truth.examination(position) / truth.viewProbability(position);
      return { video, factor: attention * welcome, watchSeconds: undefined };
    });
    this.pages.push(places);
    this.visits.push({ atMs: moment.atMs, device: moment.device, searched, showings });
  }

  viewed(...[, outcome]: Parameters<NonNullable<LifeRecorder['viewed']>>): void {
    const { showings } = this.visits[this.visits.length - 1];
    for (const { position, watchSeconds } of outcome.clicks) showings[position].watchSeconds = watchSeconds;
    showings.length = outcome.viewedCount;
  }

  watched(...[video, position, watchSeconds, , atMs, device]: Parameters<NonNullable<LifeRecorder['watched']>>): void {
    if (position >= 0) return;
    const alternatives = Array.from({ length: ALTERNATIVES }, () =>
      this.teller.frontPage.elsewhere(this.viewerIndex, atMs, this.random),
    ).filter((other) => other >= 0);
    this.elsewhere.push({ atMs, device, video, watchSeconds, alternatives });
  }
}

let topicByWord: ReadonlyMap<string, number> | undefined;

/** Every word belongs to one topic. */
function topicOfWords(words: string): number | undefined {
  topicByWord ??= new Map(
    TOPICS_OF_THE_WORLD.flatMap((topic, index) => topic.words.flat().map((word) => [word, index] as const)),
  );
  return topicByWord.get(words.split(' ')[0]);
}
