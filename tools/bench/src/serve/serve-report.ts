/** A run of `bench serve` as text and as a picture. */
import { percent, textTable } from '@watchnext/command-line';
import { drawChart } from '@watchnext/plots';
import type { MeasuredPoint, ServeFigures, ServeOptions } from './serve';

const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '–');

export function describeServe(figures: ServeFigures, options: ServeOptions): string {
  const { points, knee, overload, overloadGoodput, world } = figures;
  const all = overload ? [...points, overload] : points;
  const latencies = textTable(
    [
      'rate/s',
      'requests',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'full',
      'other rungs',
      '429',
      'failed',
      'goodput/s',
      'sender late ms',
    ],
    all.map((point) => [
      `${point.perSecond}${point === knee ? ' knee' : point === overload ? ` ${options.overload} × knee` : ''}`,
      String(point.requests),
      ms(point.p50Ms),
      ms(point.p99Ms),
      ms(point.p999Ms),
      percent(point.rungs['full'] ?? 0),
      otherRungs(point),
      percent(point.shed),
      percent(point.failed),
      point.goodputPerSecond.toFixed(1),
      point.largestSendDelayMs.toFixed(0),
    ]),
  );
  const shown = knee ?? points.at(0);
  const services = textTable(
    ['process', 'CPU ms a request', 'resident MiB', 'peak MiB'],
    Object.entries(shown?.services ?? {}).map(([name, { cpuMsPerRequest, residentMib }]) => [
      name,
      cpuMsPerRequest.toFixed(2),
      String(residentMib),
      String(figures.peakResidentMib[name]),
    ]),
  );
  return [
    `${options.videos} videos, ${options.users} viewers (states of ${world.meanStateBytes} bytes from ${world.events} events), ` +
      `index of recall@100 ${world.index.recallAt100.toFixed(4)} at ef ${world.index.efSearch}.`,
    'Snapshot: generated vectors under a real HNSW index, a user tower set by hand and a ranker of random weights ' +
      `(${options.ranker.join('→')}, ${options.rankingPrecision}); not trained. Event log: embedded. Latency counts from when a request was due.`,
    '',
    latencies,
    '',
    kneeInWords(figures),
    ...(overload && overloadGoodput !== undefined
      ? [
          `goodput at ${overload.perSecond}/s: ${overload.goodputPerSecond.toFixed(1)} full lists a second within ${options.deadline} ms, ` +
            `${percent(overloadGoodput)} of the knee's ${knee!.goodputPerSecond.toFixed(1)}`,
        ]
      : []),
    '',
    `at ${shown?.perSecond ?? 0}/s:`,
    services,
    '',
    'the slowest hundredth of the lists, by bursts of them, and what each waited for:',
    slowestInWords(all),
  ].join('\n');
}

/** Of each rate; what comes after them adds little. */
const SHOWN_BURSTS = 4;
const SHOWN_STAGES = 4;

function slowestInWords(points: readonly MeasuredPoint[]): string {
  const rows = points.flatMap(({ perSecond, slowest }) =>
    slowest.slice(0, SHOWN_BURSTS).map(({ atSeconds, lists, meanMs, maxMs, stages }) => [
      String(perSecond),
      atSeconds.toFixed(1),
      String(lists),
      ms(meanMs),
      ms(maxMs),
      stages
        .slice(0, SHOWN_STAGES)
        .map((each) => `${each.stage} ${ms(each.meanMs)}`)
        .join(', '),
    ]),
  );
  return textTable(['rate/s', 'second', 'lists', 'mean ms', 'most', 'mean ms by stage'], rows);
}

function kneeInWords({ knee, rule, points }: ServeFigures): string {
  const kept = `p99 ≤ ${rule.p99Ms} ms and ${percent(rule.full)} full lists`;
  if (!knee) return `no knee: the lowest rate did not keep ${kept}`;
  const isLast = knee === points.at(-1);
  return `knee: ${knee.perSecond}/s, ${isLast ? 'the highest rate tried: all' : 'the highest rate below the first that did not'} keep ${kept}`;
}

function otherRungs({ rungs }: MeasuredPoint): string {
  const others = Object.entries(rungs).filter(([rung]) => rung !== 'full');
  return others.map(([rung, share]) => `${rung} ${percent(share)}`).join(', ') || '–';
}

export function drawServe({ points, knee, rule }: ServeFigures, { videos, users }: ServeOptions): string {
  const series = (name: string, latencyOf: (point: MeasuredPoint) => number) => ({
    name,
    points: points
      .filter((point) => Number.isFinite(latencyOf(point)))
      .map((point) => ({
        x: point.perSecond,
        y: latencyOf(point),
        label: `${name} at ${point.perSecond}/s: ${ms(latencyOf(point))} ms`,
      })),
  });
  return drawChart({
    title: `latency by rate, ${videos} videos, ${users} viewers${knee ? `; knee at ${knee.perSecond}/s` : ''}`,
    x: 'requests a second',
    y: 'ms from when a request was due',
    series: [
      series('p50', ({ p50Ms }) => p50Ms),
      series('p99', ({ p99Ms }) => p99Ms),
      series('p99.9', ({ p999Ms }) => p999Ms),
    ],
    reference: { y: rule.p99Ms, label: `p99 of the knee: ${rule.p99Ms} ms` },
    width: 760,
    height: 420,
  });
}
