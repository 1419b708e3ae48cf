/** How two indexes compare in speed, at a recall that both were measured around. */
import type { Point } from './search-here';

export interface AtEqualRecall {
  /** What both are compared at. */
  readonly recall: number;
  /** Queries per second of the one over those of the other. */
  readonly qpsRatio: number;
}

/**
 * At `least`, or where the narrowest search of either finds more than that already, at what it finds; if that is more than all that
 * the other one finds, at the most that this one finds. Between two breadths speeds lie on a straight line.
 *
 * @param ours at least one point; recall rises with the breadth, but for what chance does
 * @returns undefined where one of them does not reach `least`
 */
export function atEqualRecall(
  ours: readonly Point[],
  theirs: readonly Point[],
  least: number,
): AtEqualRecall | undefined {
  const both = [ours, theirs];
  const narrowest = Math.max(...both.map((points) => points[0]!.recall));
  const most = Math.min(...both.map((points) => Math.max(...points.map(({ recall }) => recall))));
  const recall = Math.max(least, Math.min(narrowest, most));
  const [ourQps, theirQps] = [qpsAt(ours, recall), qpsAt(theirs, recall)];
  return ourQps === undefined || theirQps === undefined ? undefined : { recall, qpsRatio: ourQps / theirQps };
}

function qpsAt(points: readonly Point[], recall: number): number | undefined {
  const reached = points.findIndex((point) => point.recall >= recall);
  if (reached < 0) return undefined;
  const point = points[reached]!;
  const before = points[reached - 1];
  if (before === undefined) return point.qps;
  const share = (recall - before.recall) / (point.recall - before.recall);
  return before.qps + share * (point.qps - before.qps);
}
