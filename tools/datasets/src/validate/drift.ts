import { DAY_MS } from '@watchnext/features';
import { median } from '@watchnext/learning';
import { count } from '../read/words';
import type { Check, UserLog } from './check';
import { type Finding, percent, share, worst } from './finding';

/** A day with so much less or more than the days around it is no usual one. */
const UNUSUAL_FACTOR = 3;
/** Days on each side that a day is held against. */
const NEIGHBOURS = 7;
const UNUSUAL_CLICK_RATE = 0.15;
const NAMED = 3;

const dayNumber = (atMs: number) => Math.floor(atMs / DAY_MS);

interface Day {
  /** Lists and playbacks. */
  events: number;
  impressions: number;
  clicked: number;
}

/** Whether days are alike: the last ones are what is evaluated on, and what the model will serve. */
export class DriftCheck implements Check {
  private readonly days = new Map<number, Day>();
  private readonly firstWatched = new Map<string, number>();
  private readonly lastDayWatches = { day: -Infinity, videos: [] as string[] };

  see({ events, playbacks }: UserLog): void {
    for (const { event } of events) {
      if (event.body?.$case !== 'impressionsServed') continue;
      const day = this.dayOf(dayNumber(event.occurredAtMs));
      day.events += 1;
      day.impressions += event.body.value.items.length;
    }
    for (const { occurredAtMs, videoId, namesImpression } of playbacks) {
      const number = dayNumber(occurredAtMs);
      const day = this.dayOf(number);
      day.events += 1;
      if (namesImpression) day.clicked += 1;
      this.noteVideo(videoId, number);
    }
  }

  private dayOf(number: number): Day {
    const day = this.days.get(number) ?? { events: 0, impressions: 0, clicked: 0 };
    this.days.set(number, day);
    return day;
  }

  private noteVideo(videoId: string, day: number): void {
    const first = this.firstWatched.get(videoId);
    if (first === undefined || day < first) this.firstWatched.set(videoId, day);
    const last = this.lastDayWatches;
    if (day > last.day) {
      last.day = day;
      last.videos = [];
    }
    if (day === last.day) last.videos.push(videoId);
  }

  findings(): Finding[] {
    const numbers = [...this.days.keys()].sort((a, b) => a - b);
    const span = numbers.length === 0 ? 0 : (numbers.at(-1) as number) - numbers[0] + 1;
    const missing = span - numbers.length;
    // The first and last day are seldom whole.
    const inner = numbers.slice(1, -1);
    const unusual = inner.filter((number, index) => this.isUnusual(number, inner, index));
    const fresh = this.lastDayWatches.videos.filter(
      (videoId) => this.firstWatched.get(videoId) === this.lastDayWatches.day,
    );
    const freshShare = numbers.length < 2 ? 0 : share(fresh.length, this.lastDayWatches.videos.length);
    const tooShort = span < 2;
    const verdict = worst(
      tooShort || unusual.length > 0 || missing > 0.2 * span ? 'warning' : 'ok',
      freshShare > 0.8 ? 'failure' : freshShare > 0.5 ? 'warning' : 'ok',
    );
    const named = unusual.slice(0, NAMED).map((number) => new Date(number * DAY_MS).toISOString().slice(0, 10));
    const advice = [
      ...(tooShort ? ['One day cannot be split into days: metrics come from its last 20%.'] : []),
      ...(unusual.length > 0
        ? ['Look at the unusual days: was logging down, or is a bot or an import among them?']
        : []),
      ...(missing > 0.2 * span ? ['Days are missing: are files missing?'] : []),
      ...(freshShare > 0.5
        ? ['The last day is mostly of videos never watched before: no model trained on the days before can know them.']
        : []),
    ];
    return [
      {
        check: 'drift between days',
        verdict,
        found: `${count(span)} days, ${count(missing)} of them empty, ${count(unusual.length)} unlike the days around them${named.length > 0 ? ` (${named.join(', ')}${unusual.length > NAMED ? ', …' : ''})` : ''}; ${percent(freshShare)} of the last day’s watches are of videos first watched that day`,
        advice: advice.join(' '),
        numbers: { days: span, missingDays: missing, unusualDays: unusual.length, freshShareOfLastDay: freshShare },
      },
    ];
  }

  private isUnusual(number: number, inner: readonly number[], index: number): boolean {
    const around = [
      ...inner.slice(Math.max(0, index - NEIGHBOURS), index),
      ...inner.slice(index + 1, index + 1 + NEIGHBOURS),
    ];
    if (around.length < 2) return false;
    const day = this.days.get(number) as Day;
    const usual = median(around.map((other) => (this.days.get(other) as Day).events));
    if (day.events > UNUSUAL_FACTOR * usual || UNUSUAL_FACTOR * day.events < usual) return true;
    if (day.impressions === 0) return false;
    const clickRate = (one: Day) => share(one.clicked, one.impressions);
    const usualRate = median(around.map((other) => clickRate(this.days.get(other) as Day)));
    return Math.abs(clickRate(day) - usualRate) > UNUSUAL_CLICK_RATE;
  }
}
