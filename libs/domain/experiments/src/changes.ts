/** What a change of the definitions does to experiments that have started, and to users who are in them: computed, not sampled. */
import { Assigner } from './assignment';
import type { Experiment, ExperimentsFile } from './definition';
import { overlap, stretchesOf } from './shares';

export interface ExperimentChange {
  readonly name: string;
  readonly state: 'running' | 'ended';
  /** Share of the users of the old definition who would be in another variant. */
  readonly movedShare: number;
  /** Share who would be in no variant. */
  readonly droppedShare: number;
  /** Things that make what was measured so far another experiment's, in words. */
  readonly reasons: readonly string[];
}

const LEAST = 1e-9;
const BOUNDARY = 'the intervals no longer hold at every look together';
/** What is fixed before the first look; chosen after it, by what was seen, the always-valid intervals promise nothing. */
const PLANNED: Partial<Record<keyof Experiment, string>> = {
  alpha: BOUNDARY,
  power: BOUNDARY,
  minimumLift: BOUNDARY,
  primaryMetric: 'what decides is chosen after it was seen',
  covariateDays: 'the looks so far were adjusted otherwise',
  guardrails: 'what harm is put up with is chosen after it was seen',
};

/** Changes of experiments that have started by `atMs` which would spoil what they have measured; none: the change is safe. */
export function unsafeChanges(before: ExperimentsFile, after: ExperimentsFile, atMs: number): ExperimentChange[] {
  return before.experiments
    .filter(({ start }) => start <= atMs)
    .flatMap((old) => {
      const now = after.experiments.find(({ name }) => name === old.name);
      // Ending an experiment spoils nothing, and forgetting one that has ended neither.
      if (!now) return [];
      const change = old.stop <= atMs ? changeOfEnded(old, now) : changeOf(old, now, before, after);
      return change.movedShare > LEAST || change.droppedShare > LEAST || change.reasons.length > 0 ? [change] : [];
    });
}

/**
 * Nobody is in it any more, but its lists stay in the archive under its name: a report would judge them by another definition, and
 * count what was watched in the gap before a second run.
 */
function changeOfEnded(old: Experiment, now: Experiment): ExperimentChange {
  const fields = Object.keys(old) as (keyof Experiment)[];
  const changed = fields.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]));
  const reasons = changed.map((field) => `${field}: what has ended is measured, and stays as it was`);
  return { name: old.name, state: 'ended', movedShare: 0, droppedShare: 0, reasons };
}

function changeOf(old: Experiment, now: Experiment, before: ExperimentsFile, after: ExperimentsFile): ExperimentChange {
  const saltOf = (file: ExperimentsFile, layer: string) => file.layers.find(({ name }) => name === layer)?.salt;
  const reasons: string[] = [];
  if (now.salt !== old.salt) reasons.push('salt: all users are drawn anew');
  if (now.layer !== old.layer || saltOf(before, old.layer) !== saltOf(after, now.layer))
    reasons.push('layer: other users are in it');
  if (now.start !== old.start) reasons.push('start: the report counts other days');
  if (now.design !== old.design) reasons.push('design: lists are made and counted otherwise');
  if (JSON.stringify(now.audience) !== JSON.stringify(old.audience)) reasons.push('audience: other users are counted');
  for (const [field, why] of Object.entries(PLANNED)) {
    const [was, is] = [old, now].map((one) => JSON.stringify(one[field as keyof Experiment]));
    if (was !== is) reasons.push(`${field}: ${why}`);
  }
  const [were, are] = [old, now].map(partsOf);
  // An interleaved list is of both variants, whatever the shares.
  if (old.design === 'split' && [...were].some(([name, part]) => Math.abs(part - (are.get(name) ?? 0)) > LEAST))
    reasons.push('variants: shares grow unequally: the sample ratio would no longer hold');
  for (const variant of old.variants) {
    const same = now.variants.find(({ name }) => name === variant.name);
    if (same && JSON.stringify(same.serving) !== JSON.stringify(variant.serving))
      reasons.push(`variants.${variant.name}.serving: users who saw one thing see another`);
  }
  reasons.push(...reasonsOfTesters(old, now, before, after));
  return { name: old.name, state: 'running', ...movement(old, now), reasons };
}

/** Of users whom the hash had put into a variant, and who would be testers: whatever they are named for, they count no more. */
function reasonsOfTesters(old: Experiment, now: Experiment, before: ExperimentsFile, after: ExperimentsFile): string[] {
  const [was, is] = [new Assigner(before), new Assigner(after)];
  let [own, moved, ofOthers] = [0, 0, 0];
  for (const userId of new Set(after.experiments.flatMap(({ testers }) => Object.keys(testers)))) {
    const counted = was.within(old, userId);
    if (!counted || counted.overridden) continue;
    const next = is.within(now, userId);
    if (next?.overridden) {
      own += 1;
      if (next.variant.name !== counted.variant.name) moved += 1;
    } else if (is.isTesterOfAnother(now, userId)) ofOthers += 1;
  }
  const remedy = 'name testers before the start, or choose for a request by x-watchnext-experiments';
  return [
    ...(own > 0
      ? [
          `testers: ${own} of its users would be testers, whom the report leaves out, ${moved} of them in another variant; ${remedy}`,
        ]
      : []),
    ...(ofOthers > 0
      ? [
          `testers of others: ${ofOthers} of its users would be testers of another experiment in its layer, and leave it; ${remedy}`,
        ]
      : []),
  ];
}

/** By variant: its part of all users of the experiment. The report holds the users since the start against today's. */
function partsOf({ variants }: Experiment): ReadonlyMap<string, number> {
  const sum = variants.reduce((total, { share }) => total + share, 0);
  return new Map(variants.map(({ name, share }) => [name, share / sum]));
}

function movement(old: Experiment, now: Experiment): { movedShare: number; droppedShare: number } {
  const oldParts = stretchesOf(old.variants.map(({ share }) => share));
  const newParts = stretchesOf(now.variants.map(({ share }) => share));
  const size = old.variants.reduce((sum, { share }) => sum + share, 0);
  const inBothParts =
    Math.max(0, Math.min(old.layerPart[1], now.layerPart[1]) - Math.max(old.layerPart[0], now.layerPart[0])) /
    (old.layerPart[1] - old.layerPart[0]);
  let [kept, moved] = [0, 0];
  old.variants.forEach((variant, i) =>
    now.variants.forEach((other, j) => {
      const common = overlap(oldParts[i], newParts[j]) / size;
      if (variant.name === other.name) kept += common;
      else moved += common;
    }),
  );
  return { movedShare: moved * inBothParts, droppedShare: Math.max(0, 1 - (kept + moved) * inBothParts) };
}
