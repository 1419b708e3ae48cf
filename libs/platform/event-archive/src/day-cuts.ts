/** Which records of a run go into the file of which day. */

/** What the rest of a partition leaves to a run of it. */
export interface RunBounds {
  readonly earliestDay: string;
  readonly latestDay: string;
  /** The run accounts for the offsets from here on. */
  readonly firstOffset: number;
}

/** Records of a run that go into one file. */
export interface DayCut {
  readonly day: string;
  readonly from: number;
  to: number;
}

/** Days never decrease along a run, whatever the records' clocks say. */
export function addToCuts(cuts: DayCut[], bounds: RunBounds, ownDay: string, offset: number): void {
  const last = cuts.at(-1);
  const earliest = last?.day ?? bounds.earliestDay;
  const day = ownDay < earliest ? earliest : ownDay > bounds.latestDay ? bounds.latestDay : ownDay;
  if (last && last.day >= day) last.to = offset;
  else cuts.push({ day, from: offset, to: offset });
}

/** Offsets stand for records: a gap makes a file smaller, not wrong. */
export function joinSmallCuts(cuts: readonly DayCut[], least: number): DayCut[] {
  const joined: DayCut[] = [];
  for (const cut of cuts) {
    const last = joined.at(-1);
    if (last && last.to - last.from + 1 < least) joined[joined.length - 1] = { ...cut, from: last.from };
    else joined.push({ ...cut });
  }
  return joined;
}
