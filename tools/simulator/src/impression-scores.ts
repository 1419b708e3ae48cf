/**
 * What the truth says of the impressions of the history, each at the moment its page was served and with what the viewer
 * remembered then: lives are told again, so that nothing need be kept of them. What a model is set beside: the same impressions,
 * ordered by who knows every viewer's interests.
 */
import { LIMITS } from '@watchnext/features';
import { BOT_CLICK_SHARE, BOT_WATCH_SECONDS } from './habits';
import type { IdealLearner, PlaceBelief } from './ideal-learner/ideal-learner';
import { LifeTeller } from './life/life';
import type { Page } from './life/recorder';
import { Story, watchReports } from './life/story';
import type { ViewerMemory } from './memory';
import type { Moment, PageOutcome, Truth } from './truth';
import type { World } from './world';

/** Seconds at which one watch stops counting for more in the weighted per-user loss (libs/domain/evaluation). */
export const LOSS_CAP_SECONDS = 600;

export interface ScoredImpression {
  readonly impressionId: string;
  /** As the log has it: an anonymous viewer has another before it logs in. */
  readonly userId: string;
  readonly videoIndex: number;
  readonly servedAtMs: number;
  /** Of the page, from 0. */
  readonly position: number;
  /** Seconds that are expected to be watched once it is examined, wherever it stands. */
  readonly expectedSeconds: number;
  /** The same over the chance that it is examined and not clicked. */
  readonly odds: number;
  /**
   * The order with the least weighted per-user loss that can be expected of any, of impressions that came into view: seconds up
   * to the loss's cap over the chance of no click, both where it stands.
   */
  readonly leastLossOdds: number;
  viewed: boolean;
  /** As the log tells it: reports after the end of the history are not in it. */
  clicked: boolean;
  /** 0 of what was not clicked. */
  watchSeconds: number;
}

export interface ScoreOptions {
  /** Only what was served from then on; default: all. */
  readonly fromMs?: number;
  /** Every so-manieth viewer; default: all. */
  readonly stride?: number;
  /** Scores by what this learner can know of a viewer when a page is served, instead of by the truth. */
  readonly learner?: IdealLearner;
}

/**
 * Every impression of the history, viewer by viewer, those of a viewer in the order in which they were served.
 *
 * @returns batches, one for each viewer, programs included
 */
export function* impressionScores(
  world: World,
  { fromMs = -Infinity, stride = 1, learner }: ScoreOptions = {},
): Generator<readonly ScoredImpression[]> {
  const teller = new LifeTeller(world);
  const story = new ScoringStory(world, teller.truth, fromMs);
  for (let index = 0; index < world.population.count; index += stride) {
    story.begin(index);
    teller.tell(index, story);
    const isBot = world.population.bot[index] === 1;
    yield learner && !isBot ? asLearned(story.impressions, learner, index, fromMs, teller.truth) : story.impressions;
  }
}

/**
 * Chances and seconds are means over what the viewer may be like; that one click then tells of another on the same page is left
 * out of the odds.
 */
function asLearned(
  impressions: readonly ScoredImpression[],
  learner: IdealLearner,
  viewerIndex: number,
  fromMs: number,
  truth: Truth,
): ScoredImpression[] {
  const beliefs = learner.pageBeliefs(viewerIndex, fromMs, LOSS_CAP_SECONDS);
  let page = -1;
  return impressions.map((one) => {
    if (one.position === 0) page++;
    return { ...one, ...scoresOf(beliefs[page][one.position], truth.attention(one.position)) };
  });
}

/** Tells the events too: ids are drawn along with them. */
class ScoringStory extends Story {
  impressions: ScoredImpression[] = [];
  /** Index of the last page's first impression; undefined where the log has no such page, or none was asked for. */
  private pageAt: number | undefined;
  private isBot = false;

  constructor(
    private readonly ofWorld: World,
    private readonly truth: Truth,
    private readonly fromMs: number,
  ) {
    super(ofWorld, false);
  }

  override begin(viewerIndex: number): void {
    super.begin(viewerIndex);
    this.impressions = [];
    this.isBot = this.ofWorld.population.bot[viewerIndex] === 1;
  }

  override served(page: Page, moment: Moment, memory: ViewerMemory): void {
    super.served(page, moment, memory);
    const { atMs } = moment;
    this.pageAt = undefined;
    if (atMs < this.fromMs || atMs > this.ofWorld.options.endMs) return;
    this.pageAt = this.impressions.length;
    page.videos.forEach((videoIndex, position) =>
      this.impressions.push({
        impressionId: this.impressionId(position),
        userId: this.userId,
        videoIndex,
        servedAtMs: atMs,
        position,
        ...(this.isBot ? SCORES_OF_A_PROGRAM : this.scoresAt(moment, videoIndex, position, memory)),
        viewed: false,
        clicked: false,
        watchSeconds: 0,
      }),
    );
  }

  override viewed(page: Page, outcome: PageOutcome, atMs: number): void {
    super.viewed(page, outcome, atMs);
    if (this.pageAt === undefined) return;
    for (let position = 0; position < outcome.viewedCount; position++)
      this.impressions[this.pageAt + position].viewed = true;
  }

  override watched(...told: Parameters<Story['watched']>): void {
    super.watched(...told);
    const [, position, watchSeconds, parts, fromMs] = told;
    if (this.pageAt === undefined || position < 0) return;
    const impression = this.impressions[this.pageAt + position];
    for (const { atMs, positionSeconds } of watchReports(watchSeconds, parts, fromMs)) {
      if (atMs > this.ofWorld.options.endMs) break;
      impression.clicked = true;
      impression.watchSeconds = Math.min(positionSeconds, LIMITS.labelWatchSeconds);
    }
  }

  private scoresAt(moment: Moment, videoIndex: number, position: number, memory: ViewerMemory): Scores {
    const { truth } = this;
    const clickProbability = truth.attractionAt(moment, videoIndex, memory);
    const expectedSeconds = truth.valueAt(moment, videoIndex, memory);
    const cappedSeconds = clickProbability * truth.meanCappedWatchSecondsAt(moment, videoIndex, LOSS_CAP_SECONDS);
    return scoresOf({ clickProbability, expectedSeconds, cappedSeconds }, truth.attention(position));
  }
}

/** @param attention to the place, once it came into view */
function scoresOf({ clickProbability, expectedSeconds, cappedSeconds }: PlaceBelief, attention: number): Scores {
  return {
    expectedSeconds,
    odds: expectedSeconds / (1 - clickProbability),
    leastLossOdds: (attention * cappedSeconds) / (1 - attention * clickProbability),
  };
}

type Scores = Pick<ScoredImpression, 'expectedSeconds' | 'odds' | 'leastLossOdds'>;

/** A program likes nothing: it clicks anything alike. */
const SCORES_OF_A_PROGRAM: Scores = {
  expectedSeconds: BOT_CLICK_SHARE * BOT_WATCH_SECONDS,
  odds: (BOT_CLICK_SHARE * BOT_WATCH_SECONDS) / (1 - BOT_CLICK_SHARE),
  leastLossOdds: (BOT_CLICK_SHARE * BOT_WATCH_SECONDS) / (1 - BOT_CLICK_SHARE),
};
