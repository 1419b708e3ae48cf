/** What may keep a video from a viewer, by label, on memory that the search threads see. */
import type { Accepts } from '@watchnext/ann-index';
import { sharedBytes, sharedInts } from '@watchnext/threads';

export interface AttributeArrays {
  /** [labels in use, withdrawn labels] */
  readonly counts: Int32Array;
  /** [capacity] 1 for a withdrawn video. */
  readonly withdrawn: Uint8Array;
  /** [capacity] number of the channel; -1 where none is known. */
  readonly channels: Int32Array;
  /** [capacity] number of the rule on countries and ages; 0 is the rule that lets everyone watch. */
  readonly rules: Int32Array;
}

/** What a request leaves out by rule. */
export interface Restrictions {
  /** Numbers of channels. */
  readonly blockedChannels: readonly number[];
  /** By number of the rule: 1 where this viewer may not watch. Empty where every rule lets this viewer. */
  readonly forbiddenRules: Uint8Array;
}

export function attributeArrays(count: number, capacity: number): AttributeArrays {
  const arrays = {
    counts: sharedInts(2),
    withdrawn: sharedBytes(capacity),
    channels: sharedInts(capacity).fill(-1),
    rules: sharedInts(capacity),
  };
  arrays.counts[0] = count;
  return arrays;
}

export const labelsInUse = ({ counts }: AttributeArrays) => Atomics.load(counts, 0);

export const withdrawnLabels = ({ counts }: AttributeArrays) => Atomics.load(counts, 1);

export function setWithdrawn({ counts, withdrawn }: AttributeArrays, label: number, isWithdrawn: boolean): void {
  const value = isWithdrawn ? 1 : 0;
  if (withdrawn[label] === value) return;
  withdrawn[label] = value;
  Atomics.add(counts, 1, isWithdrawn ? 1 : -1);
}

/** The rule as a test of labels; undefined where it leaves nothing out. */
export function acceptsFor(
  { counts, withdrawn, channels, rules }: AttributeArrays,
  { blockedChannels, forbiddenRules }: Restrictions,
): Accepts | undefined {
  const blocked = new Set(blockedChannels);
  const noneForbidden = !forbiddenRules.includes(1);
  if (blocked.size === 0 && noneForbidden) {
    return Atomics.load(counts, 1) === 0 ? undefined : (label) => withdrawn[label] === 0;
  }
  return (label) =>
    withdrawn[label] === 0 &&
    (noneForbidden || forbiddenRules[rules[label]!] !== 1) &&
    (blocked.size === 0 || !blocked.has(channels[label]!));
}
