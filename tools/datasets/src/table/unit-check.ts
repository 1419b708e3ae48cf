import { percent } from '@watchnext/command-line';
import { isCompleted, LIMITS } from '@watchnext/features';
import type { Staging } from '../staging/staging';

/** Of fewer watches nothing is said. */
const FEWEST = 100;
const FEWEST_COMPLETED = 0.01;
const MOST_CAPPED = 0.05;

/** Watches in a wrong unit look sound one by one. */
export class UnitCheck {
  private count = 0;
  private completed = 0;
  private capped = 0;

  see(watchSeconds: number, durationSeconds: number): void {
    this.count++;
    if (isCompleted({ watchSeconds, durationSeconds })) this.completed++;
    if (watchSeconds >= LIMITS.labelWatchSeconds) this.capped++;
  }

  noteIn(staging: Staging, { file, column }: { readonly file: string; readonly column: string }): void {
    const { count, completed, capped } = this;
    if (count < FEWEST) return;
    const say = (share: number, what: string) =>
      staging.warn(`${file}: ${percent(share)} of the watches ${what}: is ${column} in another unit, or the duration?`);
    if (completed < FEWEST_COMPLETED * count) say(completed / count, 'are completed, and only those are learned from');
    if (capped > MOST_CAPPED * count) say(capped / count, `are of ${LIMITS.labelWatchSeconds / 3_600} hours or more`);
  }
}
