/** What is added to the paper's candidate model, or changed in how it is trained: each form beside the default. */
import type { CandidateModelConfig } from '@watchnext/candidate-model';
import type { PaperData } from '../paper/data';
import { drawnNegativeCount, type Finding, type Ordering } from '../paper/findings';
import type { CandidateUnit } from '../paper/units';

type Change = Partial<CandidateModelConfig>;

/** Written out, so that it is the same training as the row of the paper's encoders. */
const DEFAULT: Change = { historyEncoder: 'position-heads' };
const unit = (change: Change): CandidateUnit => ({ kind: 'candidate', change, features: 'all', labels: 'next' });

interface OptionsFinding extends Pick<Finding, 'part' | 'title' | 'claim'> {
  /** The first is the default; the others should be better than it, or it better than them. */
  readonly forms: readonly (readonly [name: string, change: Change])[];
  readonly defaultIsBetter?: boolean;
}

function findingOf({ forms, defaultIsBetter = false, ...finding }: OptionsFinding): Finding {
  const [[standing], ...others] = forms;
  const headline = (name: string) => (others.length > 1 ? { headline: `${finding.title}: ${name}` } : {});
  return {
    ...finding,
    metric: 'map',
    forms: forms.map(([name, change]) => ({ name, unit: unit({ ...DEFAULT, ...change }) })),
    orderings: others.map(([name]): Ordering => {
      const [better, worse] = defaultIsBetter ? [standing, name] : [name, standing];
      return { better, worse, ...headline(defaultIsBetter ? `${standing} over ${name}` : name) };
    }),
    plot: 'bars',
  };
}

export const OPTION_PARTS = [
  'temperature',
  'in-batch',
  'time-heads',
  'schedule',
  'dropout',
  'decay',
  'interests',
  'initial-weights',
];

export function optionFindingsOn({ candidates: { videoCount } }: PaperData): Finding[] {
  const negativeCount = drawnNegativeCount(videoCount);
  return [
    findingOf({
      part: 'temperature',
      title: 'Temperature on normalised vectors',
      claim:
        'User and video vectors of length 1, their cosines divided by a temperature, in place of inner products of vectors of any length.',
      forms: [
        ['inner products', {}],
        ...[0.1, 0.2, 0.4].map((temperature) => [`temperature ${temperature}`, { temperature }] as const),
      ],
    }),
    findingOf({
      part: 'in-batch',
      title: 'In-batch negatives mixed with sampled ones',
      claim: `Of ${negativeCount} negatives a share are labels of the batch's other examples, the rest draws ∝ count^0.75; all are corrected by how often the mixture holds them.`,
      forms: [
        ['all drawn', { negativeCount }],
        ['half in-batch', { negativeCount, inBatchShare: 0.5 }],
        ['all in-batch', { negativeCount, inBatchShare: 1 }],
      ],
    }),
    findingOf({
      part: 'time-heads',
      title: 'Heads by time instead of position',
      claim:
        'Heads over the history whose weights go by how long before the last watch each was begun, in buckets of its logarithm, in place of its position.',
      forms: [
        ['position-heads', {}],
        ['time-heads', { historyEncoder: 'time-heads' }],
      ],
    }),
    findingOf({
      part: 'schedule',
      title: 'Learning-rate schedule',
      claim:
        'Rates that fall to zero over the training, or first rise over a twentieth of it, in place of constant ones.',
      forms: [
        ['constant', {}],
        ['cosine', { learningRateDecay: 'cosine' }],
        ['warm-up, cosine', { learningRateWarmUp: 0.05, learningRateDecay: 'cosine' }],
      ],
    }),
    findingOf({
      part: 'dropout',
      title: 'Dropout',
      claim:
        'Dropout of 0.3 on the embeddings of the input and on the hidden layer, as it is by default, should be better than less of it.',
      defaultIsBetter: true,
      forms: [
        ['0.3 and 0.3', {}],
        ['none', { inputDropout: 0, hiddenDropout: 0 }],
        ['input only', { inputDropout: 0.3, hiddenDropout: 0 }],
        ['hidden only', { inputDropout: 0, hiddenDropout: 0.3 }],
      ],
    }),
    findingOf({
      part: 'decay',
      title: 'Decay of the tables',
      claim: "Rows of the tables drawn towards zero with each use, by λ/2 · |row|² added to the example's loss.",
      forms: [['none', {}], ...[1e-3, 1e-2].map((tableDecay) => [`λ = ${tableDecay}`, { tableDecay }] as const)],
    }),
    findingOf({
      part: 'interests',
      title: 'Several user vectors',
      claim:
        'A viewer has a vector for each of several interests, and a video the greatest of its inner products with them, in training as in serving.',
      forms: [['one', {}], ...[2, 4].map((interests) => [`${interests} interests`, { interests }] as const)],
    }),
    findingOf({
      part: 'initial-weights',
      title: 'Initial weights from co-watches',
      claim:
        "Videos' vectors that begin with a factorisation of who watched what, and a tower that begins as the mean of the history, in place of random numbers; since decision 204 the default of a training, though not of the forms of this page.",
      forms: [
        ['random', {}],
        ['co-watches', { initialWeights: 'co-watches' }],
      ],
    }),
  ];
}
