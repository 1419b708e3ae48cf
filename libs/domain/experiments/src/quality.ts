/** Whether the users that were counted are those that should have been: checked before any result is looked at. */
import { holm } from './corrections';
import type { Experiment } from './definition';
import { checkSampleRatio, type SampleRatioCheck } from './sample-ratio';

/** Counts of users in the order of the experiment's variants. */
export type CountsByVariant = readonly number[];

export interface QualityInput {
  readonly users: CountsByVariant;
  /** Users of `users` whose behaviour no person has. */
  readonly machines: CountsByVariant;
  /** Users seen in more than one variant; they are in no other count. */
  readonly inSeveralVariants: number;
  /** Users of `users` who logged in meanwhile and went on under their account's id, which is a user of its own. */
  readonly merged: CountsByVariant;
  /** Of `merged`, those whose account was in another variant. */
  readonly mergedAcross: number;
  /** Users by what they came with: country, device, day of the first list, … */
  readonly segments: readonly {
    readonly dimension: string;
    readonly segment: string;
    readonly users: CountsByVariant;
  }[];
}

export interface Suspect {
  readonly dimension: string;
  readonly segment: string;
  readonly users: CountsByVariant;
  /** Chi-square, corrected by Holm for the number of segments. */
  readonly correctedP: number;
}

export interface QualityReport {
  /** Without the machines: the users whose outcomes are compared. */
  readonly sampleRatio: SampleRatioCheck;
  readonly sampleRatioOfAll: SampleRatioCheck;
  readonly machines: CountsByVariant;
  /** Whether machines are spread over the variants as users are; undefined without any. */
  readonly machineRatio: SampleRatioCheck | undefined;
  readonly inSeveralVariants: number;
  readonly suspects: readonly Suspect[];
  /** Why there is no result; empty: there is one. */
  readonly objections: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * More users than this share in several variants means that assignment was changed under way. A handful does not: while a file is
 * rolled out, replicas serve by two versions of it, and in a small experiment one such user is more than the share.
 */
const MOST_IN_SEVERAL = 0.001;
const FEW_IN_SEVERAL = 5;
const SUSPECT_P = 0.001;
/**
 * Of chi-square, which means one look: a sound experiment of two weeks that is looked at daily reaches it in fewer than one of a
 * hundred cases, which is too often to hide a result, and rare enough for a warning.
 */
const WARNED_P = 0.001;
const FEWEST_IN_SEGMENT = 20;

export function checkQuality(experiment: Experiment, input: QualityInput): QualityReport {
  const variants = experiment.variants.filter(({ share }) => share > 0);
  const indices = variants.map((variant) => experiment.variants.indexOf(variant));
  const shares = variants.map(({ share }) => share);
  const pick = (counts: CountsByVariant) => indices.map((index) => counts[index]);
  const check = (counts: CountsByVariant) => checkSampleRatio(pick(counts), shares);
  const people = input.users.map((count, index) => count - input.machines[index]);
  const sampleRatio = check(people);
  const sampleRatioOfAll = check(input.users);
  const machineCount = input.machines.reduce((sum, count) => sum + count, 0);
  const machineRatio = machineCount > 0 ? check(input.machines) : undefined;
  const isDoubtful = sampleRatio.passed && sampleRatio.chiSquareP < WARNED_P;
  const suspects = sampleRatio.passed && sampleRatioOfAll.passed && !isDoubtful ? [] : findSuspects(input, check);
  const total = input.users.reduce((sum, count) => sum + count, 0);
  const objections: string[] = [];
  const warnings: string[] = [];
  const described = variants
    .map(({ name }, i) => `${name} ${pick(people)[i]} of ${percent(sampleRatio.expectedShares[i])} expected`)
    .join(', ');
  if (!sampleRatio.passed) {
    objections.push(
      `sample-ratio mismatch (sequential p ${formatP(sampleRatio.sequentialP)}, chi-square p ${formatP(sampleRatio.chiSquareP)}): ${described}. ` +
        whereOf(suspects),
    );
  } else if (isDoubtful) {
    warnings.push(
      `the sample ratio is doubtful (chi-square p ${formatP(sampleRatio.chiSquareP)}): ${described}. ${whereOf(suspects)}`,
    );
  }
  if (input.inSeveralVariants > Math.max(FEW_IN_SEVERAL, MOST_IN_SEVERAL * (total + input.inSeveralVariants))) {
    objections.push(
      `${input.inSeveralVariants} users were in more than one variant: the assignment was changed under way; begin again with a new salt`,
    );
  } else if (input.inSeveralVariants > 0) {
    warnings.push(`${input.inSeveralVariants} users were in more than one variant and are left out`);
  }
  if (machineCount > 0) {
    const spread = machineRatio!.passed ? 'spread as the variants are' : 'unevenly spread over the variants';
    warnings.push(`${machineCount} users behave as no person does and are left out; they are ${spread}`);
  }
  const mergedCount = input.merged.reduce((sum, count) => sum + count, 0);
  if (mergedCount > 0) {
    const uneven = check(input.merged).passed
      ? ''
      : '; they are unevenly spread over the variants, as where one makes viewers log in, and values per user do not compare';
    warnings.push(
      `${mergedCount} users logged in and went on as another user, ${input.mergedAcross} of them in another variant: each may count as two, and lifts are understated${uneven}; an audience with loggedIn has no such users`,
    );
  }
  if (sampleRatio.passed && !sampleRatioOfAll.passed)
    warnings.push('with these users counted the sample ratio would not hold: they are the reason');
  return {
    sampleRatio,
    sampleRatioOfAll,
    machines: input.machines,
    machineRatio,
    inSeveralVariants: input.inSeveralVariants,
    suspects,
    objections,
    warnings,
  };
}

function whereOf(suspects: readonly Suspect[]): string {
  const most = suspects.slice(0, 3).map(({ dimension, segment }) => `${dimension} ${segment}`);
  return most.length > 0
    ? `It shows most in ${most.join(', ')}.`
    : 'It is spread over all segments: look at the assignment itself, and at where lists are lost.';
}

/** From which snapshots a variant was served; counted where any of the experiment names one. */
export interface SnapshotUse {
  readonly variant: string;
  /** Undefined: the variant names none, and is served the current one. */
  readonly pinned: string | undefined;
  readonly lists: number;
  /** Lists by the snapshot that they name; those that name none are in no count but `lists`. */
  readonly bySnapshot: ReadonlyMap<string, number>;
}

/** A list of another snapshot is none of the variant's: a lift is understated by their share. */
const MOST_OF_OTHER_SNAPSHOTS = 0.05;

/** Whether variants were served from the snapshots that they name, and the others not from these: where not, all were served alike. */
export function checkSnapshots(uses: readonly SnapshotUse[]): Pick<QualityReport, 'objections' | 'warnings'> {
  const objections: string[] = [];
  const warnings: string[] = [];
  const say = (share: number, found: string, remedy: string) => {
    if (share > MOST_OF_OTHER_SNAPSHOTS) objections.push(`${found}: ${remedy}, and begin again`);
    else if (share > 0) warnings.push(found);
  };
  for (const { variant, pinned, lists, bySnapshot } of uses) {
    if (pinned !== undefined) {
      const named = [...bySnapshot.values()].reduce((sum, count) => sum + count, 0);
      const share = (named - (bySnapshot.get(pinned) ?? 0)) / Math.max(1, lists);
      say(
        share,
        `${percent(share)} of the lists of ${variant} are of another snapshot than it names, which was not loaded`,
        'publish it',
      );
      continue;
    }
    for (const other of uses) {
      const share = (other.pinned === undefined ? 0 : (bySnapshot.get(other.pinned) ?? 0)) / Math.max(1, lists);
      say(
        share,
        `${percent(share)} of the lists of ${variant}, which names no snapshot, are of that of ${other.variant}: it was the current one`,
        `let ${variant} name one too`,
      );
    }
    if (bySnapshot.size > 1 && uses.some((other) => other.pinned !== undefined))
      warnings.push(
        `the lists of ${variant}, which names no snapshot, are of ${bySnapshot.size}, and others keep theirs: a lift is of the models' age as well`,
      );
  }
  return { objections, warnings };
}

function findSuspects(input: QualityInput, check: (counts: CountsByVariant) => SampleRatioCheck): Suspect[] {
  const large = input.segments.filter(({ users }) => users.reduce((sum, count) => sum + count, 0) >= FEWEST_IN_SEGMENT);
  const corrected = holm(large.map(({ users }) => check(users).chiSquareP));
  return large
    .map((segment, index) => ({ ...segment, correctedP: corrected[index] }))
    .filter(({ correctedP }) => correctedP < SUSPECT_P)
    .sort((a, b) => a.correctedP - b.correctedP);
}

/**
 * Behaviour that no person has, judged without looking at the variant: more watch time in a day than the day has (with a
 * tenth of tolerance for two screens at once), or, on the busiest day, more lists than twenty times what 95% of users
 * ask for (not 99%: programs alone may be one in a hundred).
 */
export const MOST_WATCH_SECONDS_A_DAY = 1.1 * 86_400;
export const machineListLimit = (busiestDayListsAt95Percent: number): number =>
  Math.max(50, 20 * busiestDayListsAt95Percent);

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const formatP = (p: number) => (p < 0.0001 ? p.toExponential(1) : p.toFixed(4));
