/** The statistics of a world as one SVG, beside those of a real log. */
import { type Chart, chartGrid } from '@watchnext/plots';
import type { WorldStatistics } from '../statistics';

export interface PlottedLog {
  readonly name: string;
  readonly statistics: WorldStatistics;
}

/** @param logs the world first, then a real log if there is one */
export function plotStatistics(logs: readonly PlottedLog[]): string {
  const charts = [
    popularityByAge(logs[0]),
    clicksByPlace(logs[0]),
    clickRates(logs),
    shareWatched(logs),
    concentration(logs),
    explained(logs),
  ];
  return chartGrid(
    'statistics of the world',
    charts.map((chart) => ({ ...chart, width: 480, height: 290 })),
  );
}

const percent = (value: number) => `${Math.round(100 * value)}%`;

function popularityByAge({ name, statistics }: PlottedLog): Chart {
  return {
    title: 'Watches of a video by its age, first day = 1',
    x: 'days since the upload',
    y: 'watches',
    series: [{ name, points: statistics.popularityByAge.map((rate, day) => ({ x: day + 0.5, y: rate })) }],
  };
}

/** KuaiRand's app shows one video at a time. */
function clicksByPlace({ name, statistics }: PlottedLog): Chart {
  return {
    title: 'Clicks of a video by its place on the page',
    x: 'place',
    y: 'share of the showings',
    yRange: [0, 0.4],
    yLabel: percent,
    series: [{ name, points: statistics.clickRateByPosition.map((rate, place) => ({ x: place + 1, y: rate })) }],
  };
}

function clickRates(logs: readonly PlottedLog[]): Chart {
  return {
    title: 'How much of what it sees a viewer clicks',
    x: 'share of the impressions of a viewer with 20 or more',
    y: 'share of the viewers',
    yRange: [0, 0.3],
    yLabel: percent,
    xTicks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percent(share)]),
    series: logs.map(({ name, statistics }) => ({
      name,
      kind: 'bars',
      points: statistics.viewersByClickRate.map((share, i, all) => ({ x: (i + 0.5) / all.length, y: share })),
    })),
  };
}

function shareWatched(logs: readonly PlottedLog[]): Chart {
  return {
    title: 'How much of a video a click watches',
    x: 'share of the duration (the last bar: all of it and more)',
    y: 'share of the clicks',
    yRange: [0, 0.5],
    yLabel: percent,
    xTicks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percent(share)]),
    series: logs.map(({ name, statistics }) => ({
      name,
      kind: 'bars',
      points: statistics.shareWatched.map((share, i, all) => ({ x: (i + 0.5) / all.length, y: share })),
    })),
  };
}

/** Shares of videos from 0.1% to all, on a logarithmic axis. */
function concentration(logs: readonly PlottedLog[]): Chart {
  return {
    title: 'What the most watched videos have of all watches',
    x: 'share of the videos, most watched first',
    y: 'share of the watches',
    xScale: 'log',
    xTicks: [0.001, 0.01, 0.1, 1].map((share) => [share, `${100 * share}%`]),
    yRange: [0, 1],
    yLabel: percent,
    series: logs.map(({ name, statistics }) => ({
      name,
      points: statistics.concentration.flatMap(([videos, watches]) =>
        videos >= 0.001 ? [{ x: videos, y: watches }] : [],
      ),
    })),
  };
}

const MEANS = { item: 'the video', user: 'the viewer', itemAndUser: 'both', truth: 'the truth' } as const;

function explained(logs: readonly PlottedLog[]): Chart {
  return {
    title: 'Share of the variance of watch seconds explained',
    x: 'by the mean of … on impressions held out',
    y: 'share',
    names: Object.values(MEANS),
    yRange: [0, 0.4],
    yLabel: percent,
    series: logs.map(({ name, statistics }) => ({
      name,
      kind: 'bars',
      points: (Object.keys(MEANS) as (keyof typeof MEANS)[]).flatMap((kind, x) => {
        const value = statistics.explained[kind];
        return value === undefined ? [] : [{ x, y: Math.max(0, value) }];
      }),
    })),
  };
}
