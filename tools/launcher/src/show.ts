/** What a person sees of one user's history and recommendations. */
import type { Recommendations } from '@watchnext/clients';

export interface UserHistory {
  readonly userId: string;
  readonly watchCount: number;
  readonly watches: readonly {
    readonly videoId: string;
    readonly title: string;
    readonly topics: readonly string[];
    readonly watchSeconds: number;
    readonly durationSeconds: number;
  }[];
  readonly searches: readonly { readonly tokens: readonly string[] }[];
}

const WATCHES_SHOWN = 8;
const TITLE_WIDTH = 44;
const TOPICS_WIDTH = 22;

export function formatHistory(history: UserHistory): string {
  const searches = history.searches
    .slice(0, 3)
    .map(({ tokens }) => `“${tokens.filter((token) => !token.includes(' ')).join(' ')}”`);
  return [
    `What ${history.userId} watched last (${history.watchCount} in all):`,
    ...history.watches
      .slice(0, WATCHES_SHOWN)
      .map(
        (watch) =>
          `      ${cell(watch.title || watch.videoId, TITLE_WIDTH)}  ${cell(watch.topics.join(', '), TOPICS_WIDTH)}  ${watched(watch)}`,
      ),
    ...(searches.length > 0 ? [`      and searched for ${searches.join(', ')}`] : []),
  ].join('\n');
}

export function formatRecommendations(list: Recommendations): string {
  const rung = list.rung === 'full' ? '' : ` · rung ${list.rung}${list.rungReason ? `: ${list.rungReason}` : ''}`;
  return [
    `Recommendations for ${list.userId}, by expected watch time (snapshot ${list.snapshotId || 'none'}${rung}):`,
    ...list.items.map(
      (item, place) =>
        `  ${String(place + 1).padStart(2)}  ${cell(item.title || item.videoId, TITLE_WIDTH)}  ${cell(item.topics.join(', '), TOPICS_WIDTH)}  ${item.score === undefined ? '' : `${item.score.toFixed(0)} s expected`.padStart(14)}  ${item.source}`,
    ),
  ].join('\n');
}

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** As "93 s of 5.0 min"; a duration of 0 is not known. */
function watched({ watchSeconds, durationSeconds }: UserHistory['watches'][number]): string {
  return durationSeconds > 0 ? `${seconds(watchSeconds)} of ${seconds(durationSeconds)}` : seconds(watchSeconds);
}

function seconds(value: number): string {
  return value < 120 ? `${Math.round(value)} s` : `${(value / 60).toFixed(1)} min`;
}
