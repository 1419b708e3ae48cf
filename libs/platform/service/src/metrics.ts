/** Counters, gauges and histograms in Prometheus' text format. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SERVICE_HELP, SERVICE_METRICS } from './metric-names';

export type Labels = Readonly<Record<string, string>>;

/** Values that are read when they are asked for. */
interface Reading {
  readonly type: 'gauge' | 'counter';
  read(): Iterable<readonly [Labels, number]>;
}

/**
 * Upper bounds in seconds that suit most latencies here. Close around 0.4 s, from where on lists are slow: a quantile between two
 * bounds is a guess.
 */
export const LATENCY_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2,
];

/** Most scrapers come every 15 s. */
const LAG_WINDOW_MS = 15_000;
/**
 * Each look wakes the process: a thousand a second took 5 ms of processors, of each service, where nothing else was to be done. What
 * matters to lists is held up for longer than between two looks.
 */
const LAG_LOOK_MS = 10;

export class MetricsRegistry {
  private readonly counters = new Map<string, Map<string, number>>();
  private readonly gauges = new Map<string, Reading>();
  private readonly histograms = new Map<string, Map<string, { counts: number[]; count: number; sum: number }>>();
  private readonly labelTexts = new LabelTexts();

  /** @param help a sentence for each name */
  constructor(
    private readonly help: Readonly<Record<string, string>>,
    private readonly buckets: readonly number[] = LATENCY_BUCKETS,
  ) {}

  count(name: string, labels: Labels = {}, by = 1): void {
    const series = entryOf(this.counters, name, () => new Map<string, number>());
    const key = this.labelTexts.of(labels);
    series.set(key, (series.get(key) ?? 0) + by);
  }

  /** Shows a counter from the start: of one that appears with its first event, Prometheus sees no increase by that. */
  declare(name: string, labels: Labels = {}): void {
    this.count(name, labels, 0);
  }

  observe(name: string, value: number, labels: Labels = {}): void {
    const series = entryOf(this.histograms, name, () => new Map());
    const histogram = entryOf(series, this.labelTexts.of(labels), () => ({
      counts: this.buckets.map(() => 0),
      count: 0,
      sum: 0,
    }));
    this.buckets.forEach((bound, index) => {
      if (value <= bound) histogram.counts[index]! += 1;
    });
    histogram.count += 1;
    histogram.sum += value;
  }

  /** A value that is read when it is asked for; NaN says that there is none. */
  gauge(name: string, read: () => number): void {
    this.gaugeSeries(name, () => [[{}, read()]]);
  }

  /** Several values of one name, read when they are asked for. */
  gaugeSeries(name: string, read: () => Iterable<readonly [Labels, number]>): void {
    this.gauges.set(name, { type: 'gauge', read });
  }

  /** A number that only grows and is kept elsewhere. */
  counterFrom(name: string, read: () => number): void {
    this.gauges.set(name, { type: 'counter', read: () => [[{}, read()]] });
  }

  /**
   * How late the event loop is, in quantiles (1 is the worst) over the last 15 to 30 s, however often and by whomever they
   * are read: what computes on it longer than a few milliseconds holds up every request.
   * @param lookMs what holds it up once may be told as shorter by so much
   */
  watchEventLoop(lookMs = LAG_LOOK_MS): void {
    const windows = Array.from({ length: 2 }, () => monitorEventLoopDelay({ resolution: lookMs }));
    windows.forEach((window) => window.enable());
    // Begun in turn: the older one is read.
    setInterval(() => {
      const older = windows.shift()!;
      older.reset();
      windows.push(older);
    }, LAG_WINDOW_MS).unref();
    this.gaugeSeries(SERVICE_METRICS.eventLoopLag, () => {
      const delay = windows[0]!;
      // The timer behind it is due after that time: so much of each reading is no lag.
      const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - lookMs / 1_000);
      return [0.5, 0.99, 1].map(
        (q) => [{ quantile: String(q) }, lag(q === 1 ? delay.max : delay.percentile(100 * q))] as const,
      );
    });
  }

  value(name: string, labels: Labels = {}): number {
    return this.counters.get(name)?.get(this.labelTexts.of(labels)) ?? 0;
  }

  render(): string {
    const lines: string[] = [];
    const open = (name: string, type: string) =>
      lines.push(`# HELP ${name} ${this.help[name] ?? SERVICE_HELP[name] ?? ''}`, `# TYPE ${name} ${type}`);
    for (const [name, series] of this.counters) {
      open(name, 'counter');
      for (const [labels, value] of series) lines.push(`${name}${braced(labels)} ${value}`);
    }
    for (const [name, { type, read }] of this.gauges) {
      open(name, type);
      for (const [labels, value] of read()) lines.push(`${name}${braced(labelText(labels))} ${value}`);
    }
    for (const [name, series] of this.histograms) {
      open(name, 'histogram');
      for (const [labels, { counts, count, sum }] of series) {
        const with_ = (more: string) => braced(labels === '' ? more : `${labels},${more}`);
        counts.forEach((value, index) => lines.push(`${name}_bucket${with_(`le="${this.buckets[index]}"`)} ${value}`));
        lines.push(`${name}_bucket${with_('le="+Inf"')} ${count}`);
        lines.push(`${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${count}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** Texts of labels that were seen before, found by names and values in turn: a request counts some thirty times. */
class LabelTexts {
  private readonly root = new LabelTextNode();

  of(labels: Labels): string {
    let node = this.root;
    for (const name in labels) node = node.after(name).after(labels[name]!);
    return (node.text ??= labelText(labels));
  }
}

class LabelTextNode {
  text: string | undefined;
  private readonly next = new Map<string, LabelTextNode>();

  after(part: string): LabelTextNode {
    return entryOf(this.next, part, () => new LabelTextNode());
  }
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
    )
    .join(',');
}

const braced = (labels: string) => (labels === '' ? '' : `{${labels}}`);
