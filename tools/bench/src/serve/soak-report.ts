import { percent, textTable } from '@watchnext/command-line';
import { type SoakFigures, WARM_UP_SWAPS } from './soak-figures';

export function describeSoak(
  figures: SoakFigures,
  { minutes, rate, swapSeconds }: { readonly minutes: number; readonly rate: number; readonly swapSeconds: number },
): string {
  const { requests, statuses, rungs, swaps, p50Ms, p99Ms, maxMs, trends } = figures;
  const taken = swaps.flatMap(({ takenOverMs }) => takenOverMs ?? []);
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const table = textTable(
    ['what', 'mean', 'an hour', '95% interval', 'verdict'],
    trends.map(({ what, growth, verdict }) => [
      what,
      growth ? shownMean(what, growth.mean) : '–',
      growth ? percent(growth.perHour) : '–',
      growth ? `${percent(growth.low)} to ${percent(growth.high)}` : '–',
      verdict,
    ]),
  );
  return [
    `${minutes} minutes at ${rate}/s, a snapshot every ${swapSeconds} s: ${requests} requests, by status ${listed(statuses)}; by rung ${listed(rungs)}`,
    `latency p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(0)} ms`,
    `${swaps.length} swaps, ${taken.length} taken over, the latest ${(Math.max(0, ...taken) / 1_000).toFixed(1)} s after its announcement`,
    '',
    `growth after ${WARM_UP_SWAPS} swaps, of means over one swap each:`,
    table,
    '',
    `errors: ${figures.isErrorFree ? 'none' : 'there were some'}; growth: ${figures.grows ? 'yes' : 'none seen'}`,
  ].join('\n');
}

const shownMean = (what: string, mean: number) =>
  what.includes('bytes') ? `${(mean / 2 ** 20).toFixed(0)} MiB` : mean.toFixed(1);
