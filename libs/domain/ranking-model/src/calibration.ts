/**
 * The last step from a logit to seconds: a rising function, in straight lines, from what the tower says to what was watched
 * where it said so. It moves no two candidates past each other.
 *
 * A tower that has learned its examples by heart a little says too little of the least and too much of the best; how much
 * shows on examples that it was not trained on.
 */
export interface Calibration {
  /** Logits of the towers, rising; none: exp(logit) is served as it is. */
  readonly logits: readonly number[];
  /** Log of the mean watch seconds at each, rising. */
  readonly logSeconds: readonly number[];
}

export const NO_CALIBRATION: Calibration = { logits: [], logSeconds: [] };

/** Groups of equal size that the held-out examples are sorted into. */
const GROUP_COUNT = 10;
/**
 * In smaller groups the mean watch time is too uncertain. Where every second impression is watched, its spread is up to three times the mean: of
 * 1,000 it is off by 10%. Where few are, it is off as the number of watches is, if these differ as an exponential does: by √(2 / 200).
 */
const LEAST_MEAN_GROUP = { size: 1_000, watches: 200 };
/** Of a single group, and of one shift of all: by √(2 / 100). */
const LEAST_WATCHES = 100;

/** How many groups so many examples give. */
function groupsOf(exampleCount: number, watchCount: number): number {
  const most = Math.min(exampleCount / LEAST_MEAN_GROUP.size, watchCount / LEAST_MEAN_GROUP.watches);
  return Math.min(GROUP_COUNT, Math.floor(most));
}

/**
 * Whether examples give as many groups as an earlier calibration has knots: of fewer that is surer, but a shift of all, which a hundred
 * watches give, is not kept for good. @param seconds as `fitCalibration`'s
 */
export function mayReplace({ logits }: Calibration, seconds: Float64Array): boolean {
  return groupsOf(seconds.length, watchesIn(seconds)) >= logits.length;
}

interface Group {
  size: number;
  watches: number;
  /** Σ exp(logit). */
  predictedSeconds: number;
  actualSeconds: number;
}

/**
 * Mean watch seconds by groups of like logits, made to rise by pooling neighbours that do not, or hold fewer than `LEAST_WATCHES`. Where
 * there are not examples and watches enough for two groups (`LEAST_MEAN_GROUP`), one shift of all logits, and less of it the less sure it is.
 *
 * @param logits of examples that the model was not trained on
 * @param seconds what was watched of each, 0 if it was not clicked
 * @returns `NO_CALIBRATION` where fewer than `LEAST_WATCHES` were watched, or no shift can be told from chance
 */
export function fitCalibration(logits: Float64Array, seconds: Float64Array): Calibration {
  const groupCount = groupsOf(logits.length, watchesIn(seconds));
  if (groupCount < 2) return shiftOf(logits, seconds);
  const order = Int32Array.from(logits, (_, index) => index).sort((a, b) => logits[a] - logits[b]);
  const groups: Group[] = [];
  for (let group = 0; group < groupCount; group++) {
    const from = Math.round((group * order.length) / groupCount);
    const members = order.subarray(from, Math.round(((group + 1) * order.length) / groupCount));
    let joined: Group = { size: members.length, watches: 0, predictedSeconds: 0, actualSeconds: 0 };
    for (const member of members) {
      joined.predictedSeconds += Math.exp(logits[member]);
      joined.actualSeconds += seconds[member];
      if (seconds[member] > 0) joined.watches += 1;
    }
    // Pool adjacent violators: a group that was watched no longer than the one below it is one with it.
    for (let below = groups.at(-1); below && (isFew(below) || !isAbove(joined, below)); below = groups.at(-1)) {
      groups.pop();
      joined = pooled(joined, below);
    }
    groups.push(joined);
  }
  const last = groups[groups.length - 1];
  if (groups.length > 1 && isFew(last)) groups.splice(-2, 2, pooled(last, groups[groups.length - 2]));
  // Of nothing watched at all there is no logarithm; what lies below the least knot goes on in a line.
  const known = groups.filter(({ actualSeconds }) => actualSeconds > 0);
  if (known.length === 0) return NO_CALIBRATION;
  return {
    logits: known.map(({ predictedSeconds, size }) => Math.log(predictedSeconds / size)),
    logSeconds: known.map((group) => Math.log(meanOf(group))),
  };
}

/** The log of seconds for a logit: between two knots in a straight line, beyond the outer ones at their distance. */
export function calibrate({ logits, logSeconds }: Calibration, logit: number): number {
  const last = logits.length - 1;
  if (last < 0) return logit;
  if (!(logit > logits[0])) return logit + logSeconds[0] - logits[0];
  if (logit >= logits[last]) return logit + logSeconds[last] - logits[last];
  let above = 1;
  while (logits[above] < logit) above++;
  const share = (logit - logits[above - 1]) / (logits[above] - logits[above - 1]);
  return logSeconds[above - 1] + share * (logSeconds[above] - logSeconds[above - 1]);
}

/** The log of all seconds watched over all expected, shrunk as James and Stein do: chance alone moves a model that is right by little or nothing. */
function shiftOf(logits: Float64Array, seconds: Float64Array): Calibration {
  if (watchesIn(seconds) < LEAST_WATCHES) return NO_CALIBRATION;
  const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const predictedSeconds = sumOf(logits.map(Math.exp));
  const actualSeconds = sumOf(seconds);
  const shift = Math.log(actualSeconds / predictedSeconds);
  const variance = sumOf(seconds.map((one) => one * one)) / actualSeconds ** 2 - 1 / seconds.length;
  const shrunk = shift * (1 - variance / shift ** 2);
  if (!(shift ** 2 > variance)) return NO_CALIBRATION;
  const logit = Math.log(predictedSeconds / logits.length);
  return { logits: [logit], logSeconds: [logit + shrunk] };
}

function watchesIn(seconds: Float64Array): number {
  return seconds.reduce((count, one) => count + (one > 0 ? 1 : 0), 0);
}

function isFew({ watches }: Group): boolean {
  return watches < LEAST_WATCHES;
}

function pooled(one: Group, other: Group): Group {
  return {
    size: one.size + other.size,
    watches: one.watches + other.watches,
    predictedSeconds: one.predictedSeconds + other.predictedSeconds,
    actualSeconds: one.actualSeconds + other.actualSeconds,
  };
}

function isAbove(one: Group, other: Group): boolean {
  return meanOf(one) > meanOf(other) && one.predictedSeconds / one.size > other.predictedSeconds / other.size;
}

function meanOf({ actualSeconds, size }: Group): number {
  return actualSeconds / size;
}
