import { createRandom, initialiseStack, type Random } from '@watchnext/learning';
import type { Bags, RankingBatch, RankingNetwork } from '@watchnext/ranking-model';
import { tfjsRankingEngine, wasmRankingEngine } from '@watchnext/tensor';
import { drawn, drawRows, type MeasuredStep, quickTable } from './measured-step';

/** The default from 20,000 to a million examples. */
const STEP = { hiddenSizes: [128, 64], heads: 2, numbers: 120, batch: 512 } as const;

/** Rows of the tables beside the videos', and about their logarithm of dimensions (paper §4.1). */
const CHANNELS_PER_VIDEO = 0.05;
const ROWS = { topics: 200, surfaces: 6, sources: 8, countries: 200, devices: 5 } as const;
const TOPICS_PER_VIDEO = 2;

/** By table: last watch, seed and the video itself; channel; topics; surface; source; country; device. */
const INPUTS = [0, 0, 0, 1, 2, 3, 4, 5, 6] as const;
const TOPICS_TABLE = 2;

function rowCounts(videoCount: number): number[] {
  return [videoCount, Math.ceil(videoCount * CHANNELS_PER_VIDEO), ...Object.values(ROWS)].map((count) => 1 + count);
}

function dimensionsOf(rowCount: number): number {
  return Math.max(2, Math.round(Math.log(rowCount)));
}

function setUpStep(videoCount: number): RankingNetwork {
  const tables = rowCounts(videoCount).map((rowCount) => quickTable(rowCount, dimensionsOf(rowCount)));
  let column = 0;
  const inputs = INPUTS.map((table) => {
    const from = column;
    column += tables[table].dimensions;
    return { table, from };
  });
  const inputSize = column + STEP.numbers;
  return {
    inputSize,
    batchSize: STEP.batch,
    tables,
    inputs,
    tower: initialiseStack([inputSize, ...STEP.hiddenSizes, STEP.heads], createRandom(1)),
    learningRate: 1e-3,
    tableLearningRate: 0.05,
    tableDecay: 1e-3,
    gradientClip: 0,
  };
}

/** Ids are drawn anew for each step, numbers and weights once, as the peer does. */
function batchesOf(network: RankingNetwork, random: Random): () => RankingBatch {
  const { batch, heads } = STEP;
  const values = Float32Array.from({ length: batch * network.inputSize }, () => random.next());
  const positiveWeights = Float32Array.from({ length: batch * heads }, () => (random.next() < 0.3 ? random.next() : 0));
  const negativeWeights = new Float32Array(batch * heads).fill(1);
  const bag = (table: number): Bags => {
    const size = table === TOPICS_TABLE ? TOPICS_PER_VIDEO : 1;
    const { rowCount } = network.tables[table];
    return {
      rows: drawRows(random, batch * size, rowCount),
      offsets: Int32Array.from({ length: batch + 1 }, (_, i) => i * size),
    };
  };
  return () => ({ rowCount: batch, values, bags: INPUTS.map(bag), positiveWeights, negativeWeights });
}

export const RANKING_STEP: MeasuredStep = {
  model: 'ranking',
  sizes: STEP,
  batch: STEP.batch,
  peerFlags: {
    rows: Object.values(ROWS).join(','),
    numbers: STEP.numbers,
    tower: STEP.hiddenSizes.join(','),
    heads: STEP.heads,
    batch: STEP.batch,
  },
  async start(choice, videoCount, onPart) {
    const network = setUpStep(videoCount);
    const draw = batchesOf(network, createRandom(2));
    const create =
      'backend' in choice ? tfjsRankingEngine(choice.backend) : wasmRankingEngine({ ...choice, onPhase: onPart });
    const engine = await create(network);
    return {
      step: async () => engine.step(drawn(draw, onPart), 1),
      close: async () => engine.dispose(),
    };
  },
};
