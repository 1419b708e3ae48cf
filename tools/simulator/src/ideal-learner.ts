/**
 * What the log can tell of a viewer at best: the expected value of every video to it, given all that it did, for a learner
 * that knows everything else. Lists in that order are the best that anything learned from the log can make.
 *
 * The learner knows each video's hidden quality, appeal and audience, how viewers take to videos, how interests, styles and
 * what is on people's minds are distributed, and of the viewer its age, gender, languages and readiness to click. It must
 * infer the interests, the style and what is on its mind, from what the viewer was shown, clicked, watched, for how long,
 * and searched. It draws from their posterior distribution (Metropolis within Gibbs; each part is proposed from its prior, so
 * likelihoods alone decide) and takes the mean value. A real learner knows less, so this bounds what any can reach.
 */
import { createRandom, type Random } from '@watchnext/learning';
import { drawStyle, pickWeighted, STYLE_DIMENSIONS } from './draws';
import { ELSEWHERE_CHOICE, SEARCH_SHARE, SEARCH_SHARE_OF_INTENT } from './habits';
import { LifeTeller } from './life/life';
import type { LifeRecorder } from './life/recorder';
import { ViewerMemory } from './memory';
import { INTERESTS } from './population';
import { TOPICS_OF_THE_WORLD } from './topics';
import { drawEpisode, Truth, type Episode, type Moment } from './truth';
import { World } from './world';

export interface IdealLearnerOptions {
  /** Rounds of draws, each of which proposes every part of the viewer once. */
  readonly rounds: number;
  readonly seed: number;
}

/** Rounds that the draws are given to forget where they began. */
const BURN_IN_SHARE = 0.3;
const ROUNDS_PER_SAMPLE = 5;
/** Videos that stand for what else could have come a viewer's way when it watched something from elsewhere. */
const ALTERNATIVES = 16;
/** Log-likelihood of what the learner's beliefs exclude: finite, so that a chain may begin there. */
const IMPOSSIBLE = -30;
const NOTHING_MET = new ViewerMemory();

interface Showing {
  readonly video: number;
  /** Chance that its place is considered, times what earlier showings left of its welcome. */
  readonly factor: number;
  /** Seconds watched; undefined without a click. */
  watchSeconds: number | undefined;
}

interface Visit {
  readonly atMs: number;
  readonly device: number;
  /** Asked for by a search for this topic; undefined: the viewer came to the home page; null: neither. */
  readonly searched: number | undefined | null;
  readonly showings: Showing[];
}

/** What the log tells of a viewer up to some moment. */
interface Log {
  readonly visits: readonly Visit[];
  readonly elsewhere: readonly WatchFromElsewhere[];
}

/** What is to be expected of a place of a page that was served. */
export interface PlaceBelief {
  readonly expectedSeconds: number;
  /** Once examined. */
  readonly clickProbability: number;
  /** As `expectedSeconds`, what is above the cap counted as the cap. */
  readonly cappedSeconds: number;
}

interface WatchFromElsewhere {
  readonly atMs: number;
  readonly device: number;
  readonly video: number;
  readonly watchSeconds: number;
  readonly alternatives: readonly number[];
}

/** Takes down what a life's log holds. */
class LogTaker implements LifeRecorder {
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

/** Learns of one viewer after the other. */
export class IdealLearner {
  private readonly teller: LifeTeller;
  /** The same world but for the viewer, who is here as believed. */
  private readonly belief: World;
  private readonly truth: Truth;
  private readonly random: Random;

  constructor(
    private readonly world: World,
    private readonly options: IdealLearnerOptions,
  ) {
    this.teller = new LifeTeller(world);
    this.belief = new World(world.options);
    this.truth = new Truth(this.belief);
    this.random = createRandom(options.seed);
  }

  /**
   * Expected seconds of every video to the viewer once it is considered, by index: `Truth.valueAt`, as far as the log tells.
   * @param memory what the viewer has met: shown, watched, dismissed; the log has it
   */
  expectedValues(viewerIndex: number, atMs: number, memory: ViewerMemory): Float64Array {
    const random = this.random.fork(`viewer ${viewerIndex}`);
    const log = new LogTaker(this.teller, viewerIndex, random.fork('alternatives'));
    this.teller.tell(viewerIndex, log);
    const chain = new Chain(this.belief, this.truth, viewerIndex, log, random);
    const values = new Float64Array(this.belief.catalogue.count);
    const burnIn = Math.floor(this.options.rounds * BURN_IN_SHARE);
    let samples = 0;
    for (let round = 0; round < this.options.rounds; round++) {
      chain.round();
      if (round < burnIn || round % ROUNDS_PER_SAMPLE !== 0) continue;
      samples++;
      const moment = chain.momentAt(atMs, this.world.population.device[viewerIndex]);
      for (let video = 0; video < values.length; video++) values[video] += this.truth.valueAt(moment, video, memory);
    }
    chain.restore(this.world);
    return values.map((value) => value / samples);
  }

  /**
   * What is to be expected of every place of each page that the viewer was served from a moment on, by what the log told of it
   * before: the pages before, with what came of them, and what was searched for. One chain goes from page to page, with so many rounds for
   * each.
   *
   * @param capSeconds of `cappedSeconds`
   * @returns page by page, in the order in which they were served
   */
  pageBeliefs(viewerIndex: number, fromMs: number, capSeconds: number): PlaceBelief[][] {
    const random = this.random.fork(`pages of viewer ${viewerIndex}`);
    const log = new LogTaker(this.teller, viewerIndex, random.fork('alternatives'));
    this.teller.tell(viewerIndex, log);
    let chain: Chain | undefined;
    const beliefs: PlaceBelief[][] = [];
    log.visits.forEach((visit, index) => {
      const { atMs, device } = visit;
      if (atMs < fromMs) return;
      const before = {
        visits: [...log.visits.slice(0, index), { ...visit, showings: [] }],
        elsewhere: log.elsewhere.filter((watch) => watch.atMs < atMs),
      };
      if (chain) chain.learn(before);
      else chain = new Chain(this.belief, this.truth, viewerIndex, before, random);
      const sum = new BeliefSum(this.truth, log.pages[index], capSeconds);
      const burnIn = Math.floor(this.options.rounds * BURN_IN_SHARE);
      for (let round = 0; round < this.options.rounds; round++) {
        chain.round();
        // Of a page there is little to take the mean of, so every round counts.
        if (round >= burnIn) sum.add(chain.momentAt(atMs, device));
      }
      beliefs.push(sum.mean());
    });
    chain?.restore(this.world);
    return beliefs;
  }
}

/** Places of a page as they are believed to be, summed over draws of the viewer. */
class BeliefSum {
  private readonly sums: { expectedSeconds: number; clickProbability: number; cappedSeconds: number }[];
  private count = 0;

  constructor(
    private readonly truth: Truth,
    private readonly places: LogTaker['pages'][number],
    private readonly capSeconds: number,
  ) {
    this.sums = places.map(() => ({ expectedSeconds: 0, clickProbability: 0, cappedSeconds: 0 }));
  }

  add(moment: Moment): void {
    this.count++;
    this.places.forEach(({ video, welcome }, place) => {
      const sum = this.sums[place];
      const clickProbability = welcome * this.truth.attractionAt(moment, video, NOTHING_MET);
      sum.clickProbability += clickProbability;
      sum.expectedSeconds += welcome * this.truth.valueAt(moment, video, NOTHING_MET);
      sum.cappedSeconds += clickProbability * this.truth.meanCappedWatchSecondsAt(moment, video, this.capSeconds);
    });
  }

  mean(): PlaceBelief[] {
    return this.sums.map(({ expectedSeconds, clickProbability, cappedSeconds }) => ({
      expectedSeconds: expectedSeconds / this.count,
      clickProbability: clickProbability / this.count,
      cappedSeconds: cappedSeconds / this.count,
    }));
  }
}

/** Draws from the posterior of one viewer; the belief's columns hold where it is. */
class Chain {
  private readonly interestsFrom: number;
  private readonly styleFrom: number;
  private readonly liking: readonly number[];
  private readonly weeks: number[];
  private readonly episodes = new Map<number, Episode | undefined>();
  private logLikelihood: number;

  constructor(
    private readonly belief: World,
    private readonly truth: Truth,
    private readonly viewerIndex: number,
    private log: Log,
    private readonly random: Random,
  ) {
    const { population, options } = belief;
    this.interestsFrom = viewerIndex * INTERESTS;
    this.styleFrom = viewerIndex * STYLE_DIMENSIONS;
    this.liking = population.likingOf(viewerIndex);
    this.weeks = Array.from({ length: Math.floor(options.dayCount / 7) + 2 }, (_, place) => place - 1);
    // Begins at a draw from the prior, not at the truth.
    const left = [...this.liking];
    for (let slot = 0; slot < INTERESTS; slot++) {
      const topic = pickWeighted(left, random);
      left[topic] = 0;
      population.interestTopic[this.interestsFrom + slot] = topic;
      population.drawInterest(viewerIndex, slot, options.dayCount, random);
    }
    drawStyle(random, population.style, this.styleFrom);
    for (const week of this.weeks) this.episodes.set(week, drawEpisode(week, random));
    this.logLikelihood = this.logLikelihoodNow();
  }

  /** Puts the viewer back as it is. */
  restore({ population }: World): void {
    const { interestsFrom, styleFrom } = this;
    const mine = this.belief.population;
    for (const column of ['interestTopic', 'interestStrength', 'interestFromDay', 'interestToDay'] as const)
      mine[column].set(population[column].subarray(interestsFrom, interestsFrom + INTERESTS), interestsFrom);
    mine.style.set(population.style.subarray(styleFrom, styleFrom + STYLE_DIMENSIONS), styleFrom);
  }

  momentAt(atMs: number, device: number): Moment {
    const day = this.belief.dayOf(atMs);
    const week = Math.floor(day / 7);
    return this.truth.momentWith(this.viewerIndex, atMs, device, this.onMind(week, day) ?? this.onMind(week - 1, day));
  }

  private onMind(week: number, day: number): number | undefined {
    const episode = this.episodes.get(week);
    return episode !== undefined && day >= episode.fromDay && day < episode.toDay ? episode.topic : undefined;
  }

  /** Goes on from where it is, with more of the log. */
  learn(log: Log): void {
    this.log = log;
    this.logLikelihood = this.logLikelihoodNow();
  }

  /** Proposes every part once. */
  round(): void {
    for (let slot = 0; slot < INTERESTS; slot++) {
      this.proposeTopic(slot);
      this.proposeStrength(slot);
    }
    this.proposeSwap();
    this.proposeStyle();
    for (const week of this.weeks) this.proposeEpisode(week);
  }

  /** Another topic for an interest, drawn evenly among those that are none. */
  private proposeTopic(slot: number): void {
    const { interestTopic } = this.belief.population;
    const at = this.interestsFrom + slot;
    const before = interestTopic[at];
    const topic = this.random.nextInt(TOPICS_OF_THE_WORLD.length);
    if (interestTopic.subarray(this.interestsFrom, this.interestsFrom + INTERESTS).includes(topic)) return;
    const priorBefore = this.logPriorOfTopics();
    interestTopic[at] = topic;
    if (!this.accepts(this.logPriorOfTopics() - priorBefore)) interestTopic[at] = before;
  }

  private proposeStrength(slot: number): void {
    const { population, options } = this.belief;
    const { interestStrength, interestFromDay, interestToDay } = population;
    const at = this.interestsFrom + slot;
    const before = [interestStrength[at], interestFromDay[at], interestToDay[at]] as const;
    population.drawInterest(this.viewerIndex, slot, options.dayCount, this.random);
    if (!this.accepts(0)) [interestStrength[at], interestFromDay[at], interestToDay[at]] = before;
  }

  /** What lasts and what fades change places: else a chain that took one for the other stays there. */
  private proposeSwap(): void {
    const { interestTopic } = this.belief.population;
    const one = this.interestsFrom + this.random.nextInt(INTERESTS);
    const other = this.interestsFrom + this.random.nextInt(INTERESTS);
    const priorBefore = this.logPriorOfTopics();
    const swap = () => ([interestTopic[one], interestTopic[other]] = [interestTopic[other], interestTopic[one]]);
    swap();
    if (!this.accepts(this.logPriorOfTopics() - priorBefore)) swap();
  }

  /** A step that keeps the prior (Neal's autoregressive proposal), so that the likelihood alone decides. */
  private proposeStyle(): void {
    const { style } = this.belief.population;
    const before = style.slice(this.styleFrom, this.styleFrom + STYLE_DIMENSIONS);
    const drawn = new Float64Array(STYLE_DIMENSIONS);
    drawStyle(this.random, drawn, 0);
    for (let d = 0; d < STYLE_DIMENSIONS; d++) style[this.styleFrom + d] = 0.8 * before[d] + 0.6 * drawn[d];
    if (!this.accepts(0)) style.set(before, this.styleFrom);
  }

  private proposeEpisode(week: number): void {
    const before = this.episodes.get(week);
    this.episodes.set(week, drawEpisode(week, this.random));
    if (!this.accepts(0)) this.episodes.set(week, before);
  }

  private accepts(logPriorGain: number): boolean {
    const proposed = this.logLikelihoodNow();
    if (Math.log(this.random.next() + Number.MIN_VALUE) >= proposed - this.logLikelihood + logPriorGain) return false;
    this.logLikelihood = proposed;
    return true;
  }

  /** Of drawing these topics in this order, none twice. */
  private logPriorOfTopics(): number {
    const { interestTopic } = this.belief.population;
    let left = this.liking.reduce((sum, value) => sum + value, 0);
    let logPrior = 0;
    for (let slot = 0; slot < INTERESTS; slot++) {
      const liked = this.liking[interestTopic[this.interestsFrom + slot]];
      logPrior += Math.log(liked / left);
      left -= liked;
    }
    return logPrior;
  }

  private logLikelihoodNow(): number {
    let sum = 0;
    for (const visit of this.log.visits) sum += this.logLikelihoodOf(visit);
    for (const watch of this.log.elsewhere) sum += this.logLikelihoodOfElsewhere(watch);
    return sum;
  }

  private logLikelihoodOf({ atMs, device, searched, showings }: Visit): number {
    const { truth } = this;
    const moment = this.momentAt(atMs, device);
    let sum = logLikelihoodOfComing(moment, searched);
    for (const { video, factor, watchSeconds } of showings) {
      const chance = factor * truth.attractionAt(moment, video, NOTHING_MET);
      sum +=
        watchSeconds === undefined
          ? Math.log1p(-chance)
          : Math.log(chance + 1e-12) + truth.watchSecondsLogLikelihoodAt(moment, video, watchSeconds);
    }
    return sum;
  }

  /** It was the most inviting of a dozen: all others drew less. */
  private logLikelihoodOfElsewhere({ atMs, device, video, watchSeconds, alternatives }: WatchFromElsewhere): number {
    const { truth } = this;
    const moment = this.momentAt(atMs, device);
    const attraction = truth.attractionAt(moment, video, NOTHING_MET);
    let below = 0.5;
    for (const other of alternatives) if (truth.attractionAt(moment, other, NOTHING_MET) <= attraction) below++;
    return (
      (ELSEWHERE_CHOICE - 1) * Math.log(below / (alternatives.length + 1)) +
      truth.watchSecondsLogLikelihoodAt(moment, video, watchSeconds)
    );
  }
}

/** Whether a viewer with this on its mind searches, and for what. */
function logLikelihoodOfComing({ intent, interests }: Moment, searched: Visit['searched']): number {
  if (searched === null) return 0;
  if (searched === undefined) return Math.log(1 - (intent === undefined ? SEARCH_SHARE : SEARCH_SHARE_OF_INTENT));
  if (intent !== undefined) return searched === intent ? Math.log(SEARCH_SHARE_OF_INTENT) : IMPOSSIBLE;
  const total = interests.reduce((sum, interest) => sum + interest, 0);
  return Math.log((SEARCH_SHARE * interests[searched]) / total);
}

let topicByWord: ReadonlyMap<string, number> | undefined;

/** Every word belongs to one topic. */
function topicOfWords(words: string): number | undefined {
  topicByWord ??= new Map(
    TOPICS_OF_THE_WORLD.flatMap((topic, index) => topic.words.flat().map((word) => [word, index] as const)),
  );
  return topicByWord.get(words.split(' ')[0]);
}
