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
/** In a smaller group the mean watch time is too uncertain: at a spread of three times the mean, by 10%. */
const LEAST_GROUP_SIZE = 1_000;

/** Examples that give all groups: fewer are surer of nothing than an earlier calibration is. */
export const FULL_CALIBRATION_SIZE = GROUP_COUNT * LEAST_GROUP_SIZE;

interface Group {
  size: number;
  /** Σ exp(logit). */
  predictedSeconds: number;
  actualSeconds: number;
}

/**
 * Mean watch seconds by groups of like logits, made to rise by pooling neighbours that do not.
 *
 * @param logits of examples that the model was not trained on
 * @param seconds what was watched of each, 0 if it was not clicked
 * @returns `NO_CALIBRATION` where there are too few examples, or nothing was watched
 */
export function fitCalibration(logits: Float64Array, seconds: Float64Array): Calibration {
  const groupCount = Math.min(GROUP_COUNT, Math.floor(logits.length / LEAST_GROUP_SIZE));
  if (groupCount < 2) return NO_CALIBRATION;
  const order = Int32Array.from(logits, (_, index) => index).sort((a, b) => logits[a] - logits[b]);
  const groups: Group[] = [];
  for (let group = 0; group < groupCount; group++) {
    const from = Math.round((group * order.length) / groupCount);
    const members = order.subarray(from, Math.round(((group + 1) * order.length) / groupCount));
    let joined: Group = { size: members.length, predictedSeconds: 0, actualSeconds: 0 };
    for (const member of members) {
      joined.predictedSeconds += Math.exp(logits[member]);
      joined.actualSeconds += seconds[member];
    }
    // Pool adjacent violators: a group that was watched no longer than the one below it is one with it.
    for (let below = groups.at(-1); below && !isAbove(joined, below); below = groups.at(-1)) {
      groups.pop();
      joined = {
        size: joined.size + below.size,
        predictedSeconds: joined.predictedSeconds + below.predictedSeconds,
        actualSeconds: joined.actualSeconds + below.actualSeconds,
      };
    }
    groups.push(joined);
  }
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

function isAbove(one: Group, other: Group): boolean {
  return meanOf(one) > meanOf(other) && one.predictedSeconds / one.size > other.predictedSeconds / other.size;
}

function meanOf({ actualSeconds, size }: Group): number {
  return actualSeconds / size;
}
