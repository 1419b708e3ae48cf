import { percent as percentWith } from '@watchnext/command-line';

/** What a check of a log found. */
export type Verdict = 'ok' | 'warning' | 'failure';

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was measured, in words. */
  readonly found: string;
  /** What to do about it; empty for "ok". */
  readonly advice: string;
  readonly numbers: Readonly<Record<string, number>>;
}

/** The worst of a share's thresholds that it passes. */
export function judge(share: number, warningAbove: number, failureAbove: number): Verdict {
  if (share > failureAbove) return 'failure';
  return share > warningAbove ? 'warning' : 'ok';
}

export const worst = (...verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes('failure') ? 'failure' : verdicts.includes('warning') ? 'warning' : 'ok';

export const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** With digits enough to tell a rare case from none. */
export const percent = (value: number) => percentWith(value, value > 0 && value < 0.001 ? 3 : 1);
