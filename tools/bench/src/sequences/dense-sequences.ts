/**
 * Sequences of watches as a dense log has them: some hundred videos a user of a catalogue of a thousand, each watched once, where
 * what comes next goes with what came last. No public log that may be committed is like that, and defaults must hold there too.
 *
 * A video has a unit vector, drawn around one of 60 centres, a popularity of rank^−0.8 and a year from 0 to 1; a user has a unit
 * vector, a mood that begins there and a year in mind. The next video is drawn without those seen, its log-weight
 * ln popularity + 2 · user·video + 3 · mood·video − 6 · |its year − the year in mind|; then the mood moves by .4 to the video, and the
 * year by .3. Lengths are log-normal (σ .9), from 20 watches to three quarters of the catalogue.
 */
import { createRandom, type Random, shuffle } from '@watchnext/learning';
import type { SequenceOptions } from './sequence-options';

const DIMENSIONS = 16;
const CENTRES = 60;
const LEAST_WATCHES = 20;
const LENGTH_SPREAD = 0.9;
const MOST_OF_CATALOGUE = 0.75;

/** Of one user after the other: indices of videos, in order. */
export function* denseSequences({ users, videos, watches, seed }: SequenceOptions): Generator<number[]> {
  const random = createRandom(seed);
  const centres = Array.from({ length: CENTRES }, () => gaussians(random));
  const vectors = new Float64Array(videos * DIMENSIONS);
  for (let video = 0; video < videos; video++) {
    const centre = centres[random.nextInt(CENTRES)]!;
    const own = gaussians(random);
    vectors.set(unit(own.map((value, i) => 0.42 * value + centre[i]!)), video * DIMENSIONS);
  }
  const ranks = Int32Array.from({ length: videos }, (_, i) => i + 1);
  shuffle(ranks, random);
  const logPopularity = Float64Array.from(ranks, (rank) => -0.8 * Math.log(rank));
  const years = Float64Array.from({ length: videos }, () => random.next());
  const most = Math.floor(MOST_OF_CATALOGUE * videos);
  for (let user = 0; user < users; user++) {
    const length = Math.round(watches * Math.exp(LENGTH_SPREAD * random.gaussian()));
    yield sequenceOf(Math.min(most, Math.max(LEAST_WATCHES, length)), { vectors, logPopularity, years }, random);
  }
}

interface Catalogue {
  /** [videos, DIMENSIONS] */
  readonly vectors: Float64Array;
  readonly logPopularity: Float64Array;
  readonly years: Float64Array;
}

function sequenceOf(length: number, { vectors, logPopularity, years }: Catalogue, random: Random): number[] {
  const taste = unit(gaussians(random));
  const mood = [...taste];
  let yearInMind = random.next();
  const sequence: number[] = [];
  const seen = new Set<number>();
  while (sequence.length < length) {
    const pull = taste.map((value, i) => 2 * value + 3 * mood[i]!);
    let next = -1;
    let best = -Infinity;
    for (let video = 0; video < years.length; video++) {
      if (seen.has(video)) continue;
      let weight = logPopularity[video]! - 6 * Math.abs(years[video]! - yearInMind);
      for (let i = 0; i < DIMENSIONS; i++) weight += pull[i]! * vectors[video * DIMENSIONS + i]!;
      // The greatest of weights with Gumbel noise is a draw by their softmax.
      const drawn = weight - Math.log(-Math.log(random.next() || Number.MIN_VALUE));
      if (drawn > best) [best, next] = [drawn, video];
    }
    sequence.push(next);
    seen.add(next);
    for (let i = 0; i < DIMENSIONS; i++) mood[i] = 0.6 * mood[i]! + 0.4 * vectors[next * DIMENSIONS + i]!;
    yearInMind = 0.7 * yearInMind + 0.3 * years[next]!;
  }
  return sequence;
}

const gaussians = (random: Random): number[] => Array.from({ length: DIMENSIONS }, () => random.gaussian());

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
