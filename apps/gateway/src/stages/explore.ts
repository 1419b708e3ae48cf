import { hashPoint, type Serving } from '@watchnext/experiments';
import type { ExploredPlace } from '@watchnext/contract';
import type { Draft, PlacedItem, RankedCandidate } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { CapCounts, type Caps, capsOf, PAGE_OF_PLACES } from './caps';

export type Exploration = NonNullable<Serving['exploration']>;

export interface ExploredPage {
  readonly page: readonly PlacedItem[];
  readonly exploredPlaces: readonly ExploredPlace[];
}

/** One place that chance may fill. */
export interface Draw extends Exploration {
  readonly rule: 'exploration' | 'fresh-exploration';
  /** Default: any candidate. */
  readonly isOption?: (candidate: RankedCandidate) => boolean;
  /** Uniform in [0, 1). */
  readonly point: number;
}

/** Videos that are too new to have been watched: what the ranker says of them is a guess until someone is shown them. */
const isFresh = ({ sources }: RankedCandidate) => sources.some(({ source }) => source === 'fresh');

/**
 * Fills places by chance where the request's experiment or the configuration says so and ranking scored what may fill them:
 * one by the next best, one by fresh videos.
 * @param fresh for requests whose experiment says nothing of fresh videos; undefined: none
 */
export function exploreStage(caps: Caps, fresh: Exploration | undefined): Stage<Draft> {
  return {
    name: 'explore',
    timeShare: 1,
    // The places of an interleaved list are drafted between two teams: chance would take from one of them.
    applies: ({ serving, assignments }) =>
      (serving.exploration ?? serving.freshExploration ?? fresh) !== undefined &&
      assignments.every(({ experiment }) => experiment.design === 'split'),
    run: ({ page, ranked, serving, request }) => {
      let explored: ExploredPage = { page, exploredPlaces: [] };
      for (const draw of drawsFor(serving, fresh, request.requestId)) {
        const next = explore(explored.page, ranked, capsOf(serving, caps), draw);
        explored = { page: next.page, exploredPlaces: [...explored.exploredPlaces, ...next.exploredPlaces] };
      }
      return { patch: explored };
    },
  };
}

function drawsFor(serving: Serving, configured: Exploration | undefined, requestId: string): Draw[] {
  // Pure functions of the request, as every draw here: what was logged can be drawn again.
  const { exploration } = serving;
  const draws: Draw[] = exploration
    ? [{ ...exploration, rule: 'exploration', point: hashPoint('exploration', requestId) }]
    : [];
  const fresh = serving.freshExploration ?? configured;
  // A place is drawn once: its logged probabilities are of one draw.
  if (fresh && fresh.position !== exploration?.position) {
    const point = hashPoint('fresh-exploration', requestId);
    draws.push({ ...fresh, rule: 'fresh-exploration', isOption: isFresh, point });
  }
  return draws;
}

/**
 * With probability `epsilon` the place is filled from its pool, drawn evenly: the item that it would have and the best of
 * those that are not on the page and keep the caps. So the rest of the page is as it would be, and every option's
 * probability is exact: ε/n, and 1 − ε more for the first.
 */
export function explore(
  page: readonly PlacedItem[],
  ranked: readonly RankedCandidate[],
  caps: Caps,
  { position, poolSize, epsilon, rule, isOption = () => true, point }: Draw,
): ExploredPage {
  const first = page[position];
  if (first === undefined) return { page, exploredPlaces: [] };
  const shown = new Set(page.map(({ videoId }) => videoId));
  const from = Math.floor(position / PAGE_OF_PLACES) * PAGE_OF_PLACES;
  const neighbours = new CapCounts(caps);
  for (const item of page.slice(from, from + PAGE_OF_PLACES)) if (item !== first) neighbours.add(item);
  const fits = (candidate: RankedCandidate) => isOption(candidate) && neighbours.brokenBy(candidate) === undefined;
  const options: { candidate: RankedCandidate; rank: number }[] = [];
  ranked.forEach((candidate, rank) => {
    if (candidate.videoId === first.videoId) options.unshift({ candidate: first, rank });
    else if (options.length < poolSize && !shown.has(candidate.videoId) && fits(candidate))
      options.push({ candidate, rank });
  });
  options.length = Math.min(options.length, poolSize);
  // Where ranking failed open there are no scores, and a draw without them cannot value any policy that uses them.
  const isScored = options.every(({ candidate }) => candidate.score !== undefined);
  if (options.length < 2 || !isScored) return { page, exploredPlaces: [] };
  const each = epsilon / options.length;
  const probabilityOf = (index: number) => (index === 0 ? 1 - epsilon + each : each);
  const index =
    point < probabilityOf(0) ? 0 : Math.min(options.length - 1, 1 + Math.floor((point - probabilityOf(0)) / each));
  const { candidate, rank } = options[index]!;
  const item: PlacedItem = {
    ...candidate,
    position,
    propensity: probabilityOf(index),
    rules: index === 0 ? first.rules : [{ rule, fromRank: rank, toPosition: position }],
  };
  return {
    page: page.map((placed) => (placed === first ? item : placed)),
    exploredPlaces: [
      {
        position,
        options: options.map((option, i) => ({
          videoId: option.candidate.videoId,
          score: option.candidate.score,
          probability: probabilityOf(i),
        })),
      },
    ],
  };
}
