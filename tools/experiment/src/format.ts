import { percent } from '@watchnext/command-line';
import type { Interval } from '@watchnext/experiments';

export const signedPercent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${share > 0 ? '+' : ''}${percent(share, digits)}` : '–';

export const percentInterval = ({ low, high }: Interval): string =>
  Number.isFinite(low) && Number.isFinite(high) ? `${signedPercent(low)} to ${signedPercent(high)}` : '–';

export const number = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 1_000
    ? value.toLocaleString('en-US', { maximumFractionDigits: 0 })
    : value.toFixed(size >= 100 ? 1 : size >= 1 ? 2 : 4);
};

export const pValue = (p: number): string =>
  Number.isFinite(p) ? (p < 0.0001 ? p.toExponential(0) : p.toFixed(4)) : '–';
export const whole = (count: number): string => count.toLocaleString('en-US');
export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
