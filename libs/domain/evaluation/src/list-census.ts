/**
 * Self-information of each video in bits: −log2 of the share of watches that it has, one imagined watch more for each
 * video so that an unwatched one has some. A list's novelty is the mean of its videos' (Vargas and Castells, RecSys 2011).
 */
export function selfInformationBits(watchCounts: ArrayLike<number>): Float64Array {
  let total = watchCounts.length;
  for (let video = 0; video < watchCounts.length; video += 1) total += watchCounts[video];
  return Float64Array.from(watchCounts, (count) => -Math.log2((count + 1) / total));
}

/** What a scorer's lists are like, whatever is relevant: how much of the catalogue they reach, how obvious they are. */
export class ListCensus {
  private readonly listed: Uint8Array;
  private bits = 0;
  private placeCount = 0;

  /** @param selfInformation by video index, of the whole catalogue */
  constructor(private readonly selfInformation: Float64Array) {
    this.listed = new Uint8Array(selfInformation.length);
  }

  /** @param list video indices */
  add(list: readonly number[]): void {
    for (const video of list) {
      this.listed[video] = 1;
      this.bits += this.selfInformation[video];
    }
    this.placeCount += list.length;
  }

  /** Share of the catalogue that stood in at least one list. */
  coverage(): number {
    return this.listed.reduce((count, listed) => count + listed, 0) / this.listed.length;
  }

  /** Mean self-information of a place, in bits; NaN where nothing was listed. */
  novelty(): number {
    return this.bits / this.placeCount;
  }
}
