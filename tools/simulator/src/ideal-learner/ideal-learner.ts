/**
 * What the log can tell of a viewer at best: the expected value of every video to it, given all that it did, for a learner
 * that knows everything else. Lists in that order are the best that anything learned from the log can make.
 *
 * The learner knows each video's hidden quality, appeal and audience, how viewers take to videos, how interests, styles and
 * what is on people's minds are distributed, and of the viewer its age, gender, languages and readiness to click. It must
 * infer the interests, the style and what is on its mind, from what the viewer was shown, clicked, watched, for how long,
 * and searched. It draws from their posterior distribution (`viewer-chain.ts`) and takes the mean value. A real learner knows
 * less, so this bounds what any can reach.
 */
import { createRandom, type Random } from '@watchnext/learning';
import { LifeTeller } from '../life/life';
import type { ViewerMemory } from '../memory';
import { Truth, type Moment } from '../truth';
import { World } from '../world';
import { ViewerChain } from './viewer-chain';
import { LogTaker, NOTHING_MET } from './viewer-log';

export interface IdealLearnerOptions {
  /** Rounds of draws, each of which proposes every part of the viewer once. */
  readonly rounds: number;
  readonly seed: number;
}

/** Rounds that the draws are given to forget where they began. */
const BURN_IN_SHARE = 0.3;
const ROUNDS_PER_SAMPLE = 5;

/** What is to be expected of a place of a page that was served. */
export interface PlaceBelief {
  readonly expectedSeconds: number;
  /** Once examined. */
  readonly clickProbability: number;
  /** As `expectedSeconds`, what is above the cap counted as the cap. */
  readonly cappedSeconds: number;
}

/** Learns of one viewer after the other. */
export class IdealLearner {
  private readonly teller: LifeTeller;
  /** The same world but for the viewer, who is here as believed. */
  private readonly belief: World;
  private readonly truth: Truth;
  private readonly random: Random;
  /** Rounds whose draws are not looked at. */
  private readonly burnIn: number;

  constructor(
    private readonly world: World,
    private readonly options: IdealLearnerOptions,
  ) {
    this.teller = new LifeTeller(world);
    this.belief = new World(world.options);
    this.truth = new Truth(this.belief);
    this.random = createRandom(options.seed);
    this.burnIn = Math.floor(options.rounds * BURN_IN_SHARE);
  }

  /**
   * Expected seconds of every video to the viewer once it is considered, by index: `Truth.valueAt`, as far as the log tells.
   * @param memory what the viewer has met: shown, watched, dismissed; the log has it
   */
  expectedValues(viewerIndex: number, atMs: number, memory: ViewerMemory): Float64Array {
    const random = this.random.fork(`viewer ${viewerIndex}`);
    const log = this.logOf(viewerIndex, random);
    const chain = new ViewerChain(this.belief, this.truth, viewerIndex, log, random);
    const values = new Float64Array(this.belief.catalogue.count);
    let samples = 0;
    for (let round = 0; round < this.options.rounds; round++) {
      chain.round();
      if (round < this.burnIn || round % ROUNDS_PER_SAMPLE !== 0) continue;
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
    const log = this.logOf(viewerIndex, random);
    let chain: ViewerChain | undefined;
    const beliefs: PlaceBelief[][] = [];
    log.visits.forEach((visit, index) => {
      const { atMs, device } = visit;
      if (atMs < fromMs) return;
      const before = {
        visits: [...log.visits.slice(0, index), { ...visit, showings: [] }],
        elsewhere: log.elsewhere.filter((watch) => watch.atMs < atMs),
      };
      if (chain) chain.learn(before);
      else chain = new ViewerChain(this.belief, this.truth, viewerIndex, before, random);
      const sum = new BeliefSum(this.truth, log.pages[index], capSeconds);
      for (let round = 0; round < this.options.rounds; round++) {
        chain.round();
        // Of a page there is little to take the mean of, so every round counts.
        if (round >= this.burnIn) sum.add(chain.momentAt(atMs, device));
      }
      beliefs.push(sum.mean());
    });
    chain?.restore(this.world);
    return beliefs;
  }

  private logOf(viewerIndex: number, random: Random): LogTaker {
    const log = new LogTaker(this.teller, viewerIndex, random.fork('alternatives'));
    this.teller.tell(viewerIndex, log);
    return log;
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
