/**
 * Which part of [0, 1) belongs to which variant, such that units keep their variant while shares grow.
 *
 * Every variant has a home, an equal part of [0, 1), which it fills from its start; what does not fit takes the free
 * ends of the other homes, beginning with the next one. So two variants can grow to any shares, and any number of variants up
 * to 1/n each, without moving anyone. More cannot be promised without memory: with three variants, {½, ½, 0}, {½, 0, ½}
 * and {0, ½, ½} would all have to leave alone who was there, and three halves do not fit.
 */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** @param shares each in [0, 1], together at most 1. @returns the stretches of each */
export function stretchesOf(shares: readonly number[]): Stretch[][] {
  const home = 1 / shares.length;
  const stretches = shares.map((share, index): Stretch[] =>
    share > 0 ? [{ from: index * home, to: index * home + Math.min(share, home) }] : [],
  );
  const free = shares.map((share, index) => ({
    from: index * home + Math.min(share, home),
    to: index === shares.length - 1 ? 1 : (index + 1) * home,
  }));
  shares.forEach((share, index) => {
    let left = share - home;
    for (let step = 1; step < shares.length && left > 0; step++) {
      const end = free[(index + step) % shares.length];
      const taken = Math.min(left, end.to - end.from);
      if (taken <= 0) continue;
      stretches[index].push({ from: end.to - taken, to: end.to });
      end.to -= taken;
      left -= taken;
    }
  });
  return stretches;
}

/** Index of the share that a point lies in; undefined for a point that belongs to none. */
export function shareAt(stretches: readonly (readonly Stretch[])[], point: number): number | undefined {
  const index = stretches.findIndex((parts) => parts.some(({ from, to }) => point >= from && point < to));
  return index < 0 ? undefined : index;
}

/** Length of what two sets of stretches have in common. */
export function overlap(a: readonly Stretch[], b: readonly Stretch[]): number {
  let length = 0;
  for (const one of a)
    for (const other of b) length += Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
  return length;
}
