/**
 * The candidate model's loss in float64, straight from the formula in the port's documentation and sharing no code with
 * the engines: what their losses and gradients are held against.
 */
import { hasHeads, type CandidateBatch, type CandidateTables, type HistoryEncoder } from '@watchnext/candidate-model';
import { applyDropout, type DenseStack, type DropoutSite, type EmbeddingTable } from '@watchnext/learning';

export interface Parameters {
  readonly tables: CandidateTables;
  readonly tower: DenseStack;
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  readonly temperature?: number;
  readonly interests?: number;
}

export function referenceLoss(parameters: Parameters, batch: CandidateBatch, encoder: HistoryEncoder): number {
  const { tables, temperature, interests = 1 } = parameters;
  const scaled = (vector: number[]) => (temperature === undefined ? vector : ofLengthOne(vector));
  const scoreOfOne = (user: number[], video: number) =>
    dot(scaled(user), scaled(row(tables.output, video))) / (temperature ?? 1);
  const score = (users: number[], video: number) => {
    const size = users.length / interests;
    return Math.max(
      ...Array.from({ length: interests }, (_, k) => scoreOfOne(users.slice(k * size, (k + 1) * size), video)),
    );
  };
  let total = 0;
  for (let i = 0; i < batch.inputs.rowCount; i++) {
    const user = runTower(parameters, batch, i, inputRow(tables, batch, i, encoder));
    const labelScore = score(user, batch.labels[i]);
    let partition = Math.exp(labelScore);
    batch.negatives.forEach((video, j) => {
      if (video === batch.labels[i]) return;
      partition += Math.exp(score(user, video)) / Math.exp(batch.negativeLogExpectedCounts[j]);
    });
    total += Math.log(partition) - labelScore;
  }
  return total / batch.inputs.rowCount;
}

function inputRow(tables: CandidateTables, { inputs }: CandidateBatch, i: number, encoder: HistoryEncoder): number[] {
  const history = [...inputs.history.slice(inputs.historyStarts[i], inputs.historyStarts[i + 1])];
  const tokens = [...inputs.searchTokens.slice(inputs.searchTokenStarts[i], inputs.searchTokenStarts[i + 1])];
  const realCount = inputs.reals.length / inputs.rowCount;
  return [
    ...(hasHeads(encoder)
      ? heads(tables, history, inputs.historyPlaces?.slice(inputs.historyStarts[i], inputs.historyStarts[i + 1]))
      : mean(
          history.map((video) => row(tables.watched, video)),
          tables.watched.dimensions,
        )),
    ...(encoder === 'mean' ? [] : row(tables.watched, history.at(-1) ?? 0)),
    ...(tables.searchTokens.rowCount > 1
      ? mean(
          tokens.map((token) => row(tables.searchTokens, token)),
          tables.searchTokens.dimensions,
        )
      : []),
    ...(tables.countries.rowCount > 1 ? row(tables.countries, inputs.countries[i]) : []),
    ...(tables.devices.rowCount > 1 ? row(tables.devices, inputs.devices[i]) : []),
    ...inputs.reals.slice(i * realCount, (i + 1) * realCount),
  ];
}

/** Each head's average of the last watches, one head after the other. */
function heads({ watched, positions, queries }: CandidateTables, history: number[], given?: Int32Array): number[] {
  const newestFirst = [...history].reverse().slice(0, given ? Infinity : positions.rowCount - 1);
  const places = given ? [...given].reverse() : newestFirst.map((_, place) => place + 1);
  return Array.from({ length: positions.dimensions }, (_, head) => {
    const query = queries.rowCount > 1 ? row(queries, head + 1) : undefined;
    const asked = (video: number) =>
      query?.reduce((sum, q, d) => sum + q * row(watched, newestFirst[0])[d] * row(watched, video)[d], 0) ?? 0;
    const weights = newestFirst.map((video, place) => Math.exp(row(positions, places[place])[head] + asked(video)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from({ length: watched.dimensions }, (_value, d) =>
      newestFirst.reduce((sum, video, place) => sum + (weights[place] / total) * row(watched, video)[d], 0),
    );
  }).flat();
}

function runTower({ tower, ...rates }: Parameters, batch: CandidateBatch, i: number, input: number[]): number[] {
  const embedded = input.length - batch.inputs.reals.length / batch.inputs.rowCount;
  const kept = dropped(input.length, i, embedded, { seed: batch.dropoutSeed, layer: 0, rate: rates.inputDropout });
  return tower.reduce(
    (x, { weights, bias, outputSize, activation }, layer) => {
      const sums = Array.from(bias, (b, j) =>
        x.reduce((sum, value, k) => sum + value * weights[k * outputSize + j], b),
      );
      if (layer + 1 === tower.length) return sums;
      const site = { seed: batch.dropoutSeed, layer: layer + 1, rate: rates.hiddenDropout };
      const factors = dropped(outputSize, i, outputSize, site);
      return sums.map((sum, j) => (activation === 'relu' ? Math.max(sum, 0) : sum) * factors[j]);
    },
    input.map((value, k) => value * kept[k]),
  );
}

/** What row i of a layer is multiplied by. */
function dropped(width: number, i: number, columnCount: number, site: DropoutSite): Float32Array {
  const factors = new Float32Array((i + 1) * width).fill(1);
  applyDropout(factors, width, columnCount, site);
  return factors.subarray(i * width);
}

const row = ({ values, dimensions }: EmbeddingTable, index: number): number[] => [
  ...values.slice(index * dimensions, (index + 1) * dimensions),
];

const dot = (a: number[], b: number[]): number => a.reduce((sum, x, d) => sum + x * b[d], 0);

const ofLengthOne = (vector: number[]): number[] => {
  const length = Math.hypot(...vector);
  return vector.map((x) => (length > 0 ? x / length : 0));
};

const mean = (rows: number[][], dimensions: number): number[] =>
  Array.from({ length: dimensions }, (_, d) => rows.reduce((sum, values) => sum + values[d] / rows.length, 0));
