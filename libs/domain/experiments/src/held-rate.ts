/** Whether something happens as often as was promised, from how often it did in repetitions that know nothing of each other. */
import type { Interval } from './always-valid';
import { binomialCdf } from './distributions';

export interface PromisedRate {
  readonly promised: number;
  /** `is`: the rate is the promised one; `at-most` and `at-least`: that is a bound. */
  readonly kind: 'is' | 'at-most' | 'at-least';
}

export interface HeldRate extends PromisedRate {
  readonly count: number;
  readonly of: number;
  readonly rate: number;
  /** Where rates lie by chance, but for one in 1/`error` times, if the true one is what was promised. */
  readonly range: Interval;
  readonly kept: boolean;
}

/** @param error how often a promise that is kept may be called broken. Exact: by the binomial distribution itself, not a normal one */
export function holdRate({ promised, kind }: PromisedRate, count: number, of: number, error: number): HeldRate {
  const cdf = binomialCdf(of, promised);
  const each = kind === 'is' ? error / 2 : error;
  const low = kind === 'at-most' ? 0 : firstWhere(cdf, (probability) => probability > each);
  const high = kind === 'at-least' ? of : firstWhere(cdf, (probability) => 1 - probability <= each);
  return {
    promised,
    kind,
    count,
    of,
    rate: count / of,
    range: { low: low / of, high: high / of },
    kept: count >= low && count <= high,
  };
}

function firstWhere(cdf: Float64Array, is: (probability: number) => boolean): number {
  const index = cdf.findIndex(is);
  return index < 0 ? cdf.length - 1 : index;
}
