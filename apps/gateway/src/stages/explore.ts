import { hashPoint, type Serving } from '@watchnext/experiments';
import type { ExploredPlace } from '@watchnext/contract';
import type { Draft, PlacedItem, RankedCandidate } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { PAGE_OF_PLACES } from './place';

type Exploration = NonNullable<Serving['exploration']>;

export interface ExploredPage {
  readonly page: readonly PlacedItem[];
  readonly exploredPlaces: readonly ExploredPlace[];
}

/** Fills one place by chance where the request's experiment says so and ranking scored what may fill it. */
export function exploreStage(channelCap: number): Stage<Draft> {
  return {
    name: 'explore',
    timeShare: 1,
    applies: ({ serving }) => serving.exploration !== undefined,
    run: ({ page, ranked, serving, request }) => ({
      patch: explore(page, ranked, {
        ...serving.exploration!,
        channelCap: serving.channelCap ?? channelCap,
        // A pure function of the request, as every draw here: what was logged can be drawn again.
        draw: hashPoint('exploration', request.requestId),
      }),
    }),
  };
}

/**
 * With probability `epsilon` the place is filled from its pool, drawn evenly: the item that it would have and the best of
 * those that are not on the page and keep the channel cap. So the rest of the page is as it would be, and every option's
 * probability is exact: ε/n, and 1 − ε more for the first.
 *
 * @param draw uniform in [0, 1)
 */
export function explore(
  page: readonly PlacedItem[],
  ranked: readonly RankedCandidate[],
  { position, poolSize, epsilon, channelCap, draw }: Exploration & { channelCap: number; draw: number },
): ExploredPage {
  const first = page[position];
  if (first === undefined) return { page, exploredPlaces: [] };
  const shown = new Set(page.map(({ videoId }) => videoId));
  const from = Math.floor(position / PAGE_OF_PLACES) * PAGE_OF_PLACES;
  const neighbours = page.slice(from, from + PAGE_OF_PLACES).filter((item) => item !== first);
  const fits = ({ video }: RankedCandidate) => {
    const { channelId } = video.facts;
    return (
      channelId === '' || neighbours.filter((item) => item.video.facts.channelId === channelId).length < channelCap
    );
  };
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
    draw < probabilityOf(0) ? 0 : Math.min(options.length - 1, 1 + Math.floor((draw - probabilityOf(0)) / each));
  const { candidate, rank } = options[index]!;
  const item: PlacedItem = {
    ...candidate,
    position,
    propensity: probabilityOf(index),
    rules: index === 0 ? first.rules : [{ rule: 'exploration', fromRank: rank, toPosition: position }],
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
