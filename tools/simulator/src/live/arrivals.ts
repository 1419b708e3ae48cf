/**
 * When viewers come after the history: each at its own pace, by its local hour and the day of the week, for as long
 * as it belongs to the world. A Poisson process whose rate is constant within a quarter of an hour of the world's time.
 */
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import { mean, type Random } from '@watchnext/learning';
import { searchSum } from '../catalogue';
import { HOUR_WEIGHTS, WEEKDAY_FACTORS } from '../habits';
import { COUNTRIES_OF_THE_WORLD } from '../topics';
import type { World } from '../world';

const STEP_MS = HOUR_MS / 4;
const MEAN_HOUR_WEIGHT = mean(HOUR_WEIGHTS);
const MEAN_WEEKDAY_FACTOR = mean(WEEKDAY_FACTORS);

export interface Arrival {
  readonly atMs: number;
  /** Undefined: nobody comes before that moment. */
  readonly viewerIndex: number | undefined;
}

export class Arrivals {
  private step = -Infinity;
  /** Running sum over viewers of the sessions a day at the rate of this step, before `factor`. */
  private sums = new Float64Array(0);
  private factor = 1;

  /**
   * @param perDay sessions that are to come in a day on average over a week, the newcomers' first ones included; default: as
   * many as the world has by itself
   */
  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly perDay?: number,
  ) {}

  /** The next one after a moment of the world's time, or the end of the stretch in which nobody comes. */
  after(fromMs: number): Arrival {
    const perMs = this.sessionsPerDay(fromMs) / DAY_MS;
    const waitMs = perMs > 0 ? -Math.log(1 - this.random.next()) / perMs : Infinity;
    const stepEndsMs = (Math.floor(fromMs / STEP_MS) + 1) * STEP_MS;
    // Past the end of the step the draw is made anew at the next one's rate: the process has no memory.
    return fromMs + waitMs < stepEndsMs
      ? { atMs: fromMs + waitMs, viewerIndex: this.pick() }
      : { atMs: stepEndsMs, viewerIndex: undefined };
  }

  /** All viewers together, at the rate of a moment; without the newcomers' first sessions. */
  sessionsPerDay(atMs: number): number {
    const step = Math.floor(atMs / STEP_MS);
    if (step !== this.step) this.sumUp((step + 0.5) * STEP_MS);
    this.step = step;
    return this.factor * (this.sums.at(-1) ?? 0);
  }

  /** Of newcomers, those who stay for a session as they come: all, unless fewer sessions were asked for than the world has. */
  firstSessionShare(atMs: number): number {
    return this.perDay === undefined ? 1 : Math.min(1, this.perDay / meanSessionsPerDay(this.world, atMs));
  }

  private pick(): number {
    const total = this.sums[this.sums.length - 1];
    return searchSum(this.sums, this.random.next() * total, 0, this.sums.length);
  }

  private sumUp(atMs: number): void {
    const { world, perDay } = this;
    if (this.sums.length < world.population.count) this.sums = new Float64Array(world.population.count);
    const day = world.dayOf(atMs);
    const weekday = WEEKDAY_FACTORS[((Math.floor(day) % 7) + 7) % 7];
    let sum = 0;
    for (let index = 0; index < this.sums.length; index++) {
      if (isThere(world, index, day))
        sum += world.population.sessionsPerDay[index] * weekday * hourFactor(world, index, day);
      this.sums[index] = sum;
    }
    if (perDay === undefined) return;
    const firstSessions = this.firstSessionShare(atMs) * world.population.newcomersPerDay;
    const others = meanSessionsPerDay(world, atMs) - world.population.newcomersPerDay;
    this.factor = others > 0 ? (perDay - firstSessions) / others : 0;
  }
}

/** Mean sessions a day, over a week, of who belongs to the world at a moment, and of who comes to it. */
export function meanSessionsPerDay(world: World, atMs: number): number {
  const day = world.dayOf(atMs);
  let sum = world.population.newcomersPerDay;
  for (let index = 0; index < world.population.count; index++)
    if (isThere(world, index, day)) sum += world.population.sessionsPerDay[index] * MEAN_WEEKDAY_FACTOR;
  return sum;
}

function isThere({ population }: World, index: number, day: number): boolean {
  return population.joinDay[index] <= day && day < population.leaveDay[index];
}

/** Mean 1 over a day. Programs keep no hours. */
function hourFactor({ population }: World, index: number, day: number): number {
  if (population.bot[index] === 1) return 1;
  const { utcOffsetHours } = COUNTRIES_OF_THE_WORLD[population.country[index]];
  const hour = (day - Math.floor(day)) * 24 + utcOffsetHours - population.phaseHours[index];
  return HOUR_WEIGHTS[Math.floor(((hour % 24) + 24) % 24)] / MEAN_HOUR_WEIGHT;
}
