/**
 * Draws a viewer from its posterior distribution, given its log: Metropolis within Gibbs. Each part, the interests, the style and what is on
 * its mind, is proposed from its prior, so likelihoods alone decide.
 */
import type { Random } from '@watchnext/learning';
import { drawStyle, pickWeighted, STYLE_DIMENSIONS } from '../draws';
import { ELSEWHERE_CHOICE, SEARCH_SHARE, SEARCH_SHARE_OF_INTENT } from '../habits';
import { INTERESTS } from '../population';
import { TOPICS_OF_THE_WORLD } from '../topics';
import { drawEpisode, type Episode, type Moment, type Truth } from '../truth';
import type { World } from '../world';
import { NOTHING_MET, type ViewerLog, type Visit, type WatchFromElsewhere } from './viewer-log';

/** Log-likelihood of what the learner's beliefs exclude: finite, so that a chain may begin there. */
const IMPOSSIBLE = -30;

/** Draws from the posterior of one viewer; the belief's columns hold where it is. */
export class ViewerChain {
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
    private log: ViewerLog,
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
  learn(log: ViewerLog): void {
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
