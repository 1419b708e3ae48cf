import { Assigner, type Assignment, type Experiment, type ExperimentsFile, servingOf } from '@watchnext/experiments';
import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import type { StageFailure } from '../pipeline/failure';
import { LADDER_STAGES } from '../pipeline/ladder';

/** The stages that a chosen rung goes without. */
const STAGES_LEFT_OUT = {
  'retrieval-order': [LADDER_STAGES.ranking],
  'snapshot-popular': [LADDER_STAGES.retrieval],
  'memory-popular': [LADDER_STAGES.retrieval, LADDER_STAGES.ranking],
} as const;

/** Finds the experiments that the request is part of, and what it is to be served with. */
export function assignStage(experiments: () => ExperimentsFile): Stage<Draft> {
  let assigner = new Assigner(experiments());
  let madeOf = experiments();
  return {
    name: 'assign',
    timeShare: 1,
    run: (draft) => {
      if (experiments() !== madeOf) assigner = new Assigner((madeOf = experiments()));
      const { request, context, state } = draft;
      const facts = { ...context, watchCount: state.watchCount };
      const fitting = assigner.assign(request.userId, facts, request.requestedAtMs);
      // Without a state everyone looks like a newcomer who is logged out.
      const isUnknown = isLeftOut(draft, LADDER_STAGES.state);
      const assigned = isUnknown ? fitting.filter(({ experiment }) => !asksOfStates(experiment)) : fitting;
      const { assignments, warnings } = withOverrides(assigned, request.overrides, madeOf);
      const split = assignments.filter(({ experiment }) => experiment.design === 'split');
      return {
        patch: {
          ...servedAs(draft, servingOf(split), split),
          assignments,
          warnings: [...draft.warnings, ...warnings],
        },
      };
    },
  };
}

function asksOfStates({ audience }: Experiment): boolean {
  const { loggedIn, minimumWatchCount, maximumWatchCount } = audience;
  return [loggedIn, minimumWatchCount, maximumWatchCount].some((rule) => rule !== undefined);
}

/** What of a draft follows from what it is to be served with. */
export function servedAs(
  draft: Draft,
  serving: Draft['serving'],
  assignments: readonly Assignment[],
): Pick<Draft, 'serving' | 'snapshotId' | 'failures'> {
  const chosen = assignments.find(({ variant }) => variant.serving.rung !== undefined);
  const left: StageFailure[] = (serving.rung === undefined ? [] : STAGES_LEFT_OUT[serving.rung]).map((stage) => ({
    stage,
    category: 'chosen',
    message: chosen ? `experiment ${chosen.experiment.name}, variant ${chosen.variant.name}` : 'chosen',
    cause: undefined,
  }));
  return { serving, snapshotId: serving.snapshotId ?? '', failures: [...draft.failures, ...left] };
}

/** Whether a stage is not to be run: an experiment chose to go without it, or the time for it is spent. */
export const isLeftOut = ({ failures }: Pick<Draft, 'failures'>, stage: string): boolean =>
  failures.some((failure) => failure.stage === stage);

/** A tester's choice takes the place of the hash's, and of experiments in the same layer, whether or not they run. Of several in a layer the first. */
function withOverrides(
  assigned: readonly Assignment[],
  overrides: ReadonlyMap<string, string>,
  file: ExperimentsFile,
): { assignments: readonly Assignment[]; warnings: string[] } {
  if (overrides.size === 0) return { assignments: assigned, warnings: [] };
  const chosen: Assignment[] = [];
  const warnings: string[] = [];
  for (const [name, variantName] of overrides) {
    const experiment = file.experiments.find((one) => one.name === name);
    const variant = experiment?.variants.find((one) => one.name === variantName);
    const first = chosen.find((one) => one.experiment.layer === experiment?.layer)?.experiment;
    if (!experiment || !variant)
      warnings.push(`there is no variant ${variantName} of experiment ${name}: the override was ignored`);
    else if (first)
      warnings.push(
        `experiments of layer ${experiment.layer} exclude each other, and ${first.name} was chosen: the override of ${name} was ignored`,
      );
    else chosen.push({ experiment, variant, overridden: true });
  }
  const layers = new Set(chosen.map(({ experiment }) => experiment.layer));
  const others = assigned.filter(({ experiment }) => !layers.has(experiment.layer));
  return { assignments: [...others, ...chosen], warnings };
}
