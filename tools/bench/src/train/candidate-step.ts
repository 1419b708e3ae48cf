import {
  type CandidateBatch,
  type CandidateEngineSetup,
  type CandidateTables,
  inputLayout,
} from '@watchnext/candidate-model';
import { createRandom, initialiseStack, type Random } from '@watchnext/learning';
import { tfjsCandidateEngine, wasmCandidateEngine } from '@watchnext/tensor';
import { drawn, drawRows, type MeasuredStep, quickTable } from './measured-step';

/** Sizes of the step, as the peer has them. */
const STEP = {
  history: 50,
  dimensions: 64,
  hiddenSizes: [256, 128],
  negatives: 1_000,
  batch: 512,
  /** Inputs beside the history: embeddings of country and device, and reals. The peer's are numbers that it does not train. */
  context: 32,
} as const;

const COUNTRIES = 200;
const DEVICES = 50;
const COUNTRY_DIMENSIONS = 16;
const HAT_KNOTS = 4;

function setUpStep(videoCount: number): CandidateEngineSetup {
  const random = createRandom(1);
  const tables: Omit<CandidateTables, 'devices'> = {
    watched: quickTable(videoCount + 1, STEP.dimensions),
    output: quickTable(videoCount + 1, STEP.dimensions),
    searchTokens: quickTable(1, 1),
    countries: quickTable(COUNTRIES + 1, COUNTRY_DIMENSIONS),
    positions: quickTable(1, 1),
    queries: quickTable(1, 1),
  };
  const config = { historyEncoder: 'mean', exampleAgeKnots: HAT_KNOTS } as const;
  const layoutWith = (deviceDimensions: number) => {
    const all = { ...tables, devices: quickTable(DEVICES + 1, deviceDimensions) };
    return { tables: all, layout: inputLayout(all, config) };
  };
  const deviceDimensions = 1 + STEP.dimensions + STEP.context - layoutWith(1).layout.inputSize;
  const { tables: all, layout } = layoutWith(deviceDimensions);
  return {
    layout,
    tables: all,
    tower: initialiseStack([layout.inputSize, ...STEP.hiddenSizes, STEP.dimensions], random),
    batchSize: STEP.batch,
    negativeCount: STEP.negatives,
    denseLearningRate: 1e-3,
    tableLearningRate: 0.05,
    inputDropout: 0,
    hiddenDropout: 0,
  };
}

/** A batch of random ids, drawn anew for each step, as the peer does. */
function drawBatch(setup: CandidateEngineSetup, random: Random): CandidateBatch {
  const { batch, history, negatives } = STEP;
  const { output, countries, devices } = setup.tables;
  const videoCount = output.rowCount - 1;
  return {
    inputs: {
      rowCount: batch,
      historyStarts: Int32Array.from({ length: batch + 1 }, (_, i) => i * history),
      history: drawRows(random, batch * history, output.rowCount),
      searchTokenStarts: new Int32Array(batch + 1),
      searchTokens: new Int32Array(0),
      countries: drawRows(random, batch, countries.rowCount),
      devices: drawRows(random, batch, devices.rowCount),
      reals: new Float32Array(batch * setup.layout.reals.width).fill(0.5),
    },
    labels: drawRows(random, batch, output.rowCount),
    negatives: drawRows(random, negatives, output.rowCount),
    negativeLogExpectedCounts: new Float32Array(negatives).fill(Math.log(negatives / videoCount)),
    dropoutSeed: 0,
  };
}

export const CANDIDATE_STEP: MeasuredStep = {
  model: 'candidate',
  sizes: STEP,
  batch: STEP.batch,
  peerFlags: {
    dim: STEP.dimensions,
    history: STEP.history,
    context: STEP.context,
    tower: STEP.hiddenSizes.join(','),
    negatives: STEP.negatives,
    batch: STEP.batch,
  },
  async start(choice, videoCount, onPart) {
    const random = createRandom(2);
    const setup = setUpStep(videoCount);
    const create =
      'backend' in choice ? tfjsCandidateEngine(choice.backend) : wasmCandidateEngine({ ...choice, onPhase: onPart });
    const engine = await create(setup);
    return {
      step: () =>
        engine.step(
          drawn(() => drawBatch(setup, random), onPart),
          1,
        ),
      close: () => engine.close(),
    };
  },
};
