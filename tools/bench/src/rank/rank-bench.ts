/** npm run bench -- rank: from a user's state to the scores of 500 candidates, beside the bare onnxruntime call in Python. */
import { temporaryFolder } from '@watchnext/end-to-end';
import { quantile } from '@watchnext/learning';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RankRequest } from '@watchnext/contract';
import { encodeOnnx, encodeRanker, Ranker, RankerStack, TowerThreads } from '@watchnext/inference';
import { keepRequestsYoung } from '@watchnext/service';
import { type BenchReport, report } from '../report';
import { HIDDEN_SIZES, largeRanker } from './large-ranker';

export interface RankBenchOptions {
  readonly candidates: number;
  readonly videos: number;
  readonly runs: number;
  readonly rounds: number;
  readonly seed: number;
  readonly python: string;
}

const WARM_UPS = 20;

interface Figures {
  /** Of each run, by the clock. */
  readonly ms: number[];
  /** Of each round, a run's mean time on processors: all that counts on a machine that others use too. */
  readonly processorMs: number[];
}

const noFigures = (): Figures => ({ ms: [], processorMs: [] });

export async function benchRank(options: RankBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { candidates, videos, runs, rounds, seed, python } = options;
  keepRequestsYoung();
  const { path: folder, remove } = temporaryFolder('bench-rank');
  try {
    const { model, statistics, request } = await largeRanker(videos, seed);
    const modelPath = join(folder, 'tower.onnx');
    await writeFile(modelPath, encodeOnnx(model.tower));
    const encoded = encodeRanker(model.tower, model.userSize);
    const encodedInt8 = encodeRanker(model.tower, model.userSize, 'int8');
    const tower = await RankerStack.load(encoded);
    const towerInt8 = await RankerStack.load(encodedInt8);
    // As served: the tower on a thread of its own.
    const threads = new TowerThreads({ threadCount: 1, queueLimit: 8 });
    const ranker = new Ranker(model, await threads.load(encoded), statistics);
    const rankerInt8 = new Ranker(model, await threads.load(encodedInt8), statistics);
    const bytes = Array.from({ length: 16 }, (_, i) => RankRequest.encode(request(seed + i, candidates)).finish());
    const scoreBy = (which: Ranker, { state, context, candidates: asked }: RankRequest) =>
      which.score(state!, context!, asked, false, ({ logits }) =>
        Float64Array.from({ length: asked.length }, (_, row) => model.scoreOf(logits, row).expectedWatchSeconds),
      );
    const score = (request: RankRequest) => scoreBy(ranker, request);
    const figures = {
      scored: noFigures(),
      decoded: noFigures(),
      tower: noFigures(),
      scoredInt8: noFigures(),
      towerInt8: noFigures(),
      peer: noFigures(),
    };
    const measure = async <Input>(
      { ms, processorMs }: Figures,
      /** Not measured. */
      prepare: (encoded: Uint8Array) => Input,
      work: (input: Input) => Promise<unknown>,
    ) => {
      let microseconds = 0;
      for (let run = -WARM_UPS; run < runs; run++) {
        const input = prepare(bytes[(run + WARM_UPS) % bytes.length]!);
        const before = process.cpuUsage();
        const startedAt = performance.now();
        await work(input);
        if (run < 0) continue;
        ms.push(performance.now() - startedAt);
        const { user, system } = process.cpuUsage(before);
        microseconds += user + system;
      }
      processorMs.push(microseconds / 1_000 / runs);
    };
    const rows = new Float32Array(candidates * model.videoSize).fill(0.3);
    const user = new Float32Array(model.userSize).fill(0.3);
    let peerVersion = '';
    // In turns, so that what else the machine does falls on both.
    for (let round = 0; round < rounds; round++) {
      // A request as a service has it: decoded for this run. Those that are kept make V8 allocate all like them where only a full
      // garbage collection finds them.
      await measure(figures.scored, (encoded) => RankRequest.decode(encoded), score);
      const peer = await runPeer(python, modelPath, candidates, runs);
      figures.peer.ms.push(...peer.ms);
      figures.peer.processorMs.push(peer.processor_ms);
      peerVersion = peer.version;
      await measure(
        figures.decoded,
        (encoded) => encoded,
        (encoded) => score(RankRequest.decode(encoded)),
      );
      await measure(
        figures.tower,
        () => undefined,
        () => tower.run(user, rows, candidates),
      );
      await measure(
        figures.scoredInt8,
        (encoded) => RankRequest.decode(encoded),
        (request) => scoreBy(rankerInt8, request),
      );
      await measure(
        figures.towerInt8,
        () => undefined,
        () => towerInt8.run(user, rows, candidates),
      );
    }
    await Promise.all([tower.close(), towerInt8.close(), threads.close()]);
    const summary = Object.fromEntries(
      Object.entries(figures).map(([name, { ms, processorMs }]) => [
        name,
        { p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99), processorMs: quantile(processorMs, 0.5) },
      ]),
    ) as Record<keyof typeof figures, { p50Ms: number; p99Ms: number; processorMs: number }>;
    const ratio = (name: keyof typeof figures) => ({
      p50: summary[name].p50Ms / summary.peer.p50Ms,
      p99: summary[name].p99Ms / summary.peer.p99Ms,
      processor: summary[name].processorMs / summary.peer.processorMs,
    });
    const setting = {
      ...options,
      tower: HIDDEN_SIZES,
      inputSize: model.inputSize,
      userSize: model.userSize,
      threads: 1,
      peer: `onnxruntime ${peerVersion}`,
    };
    const result = report('rank', setting, {
      ...summary,
      ratio: ratio('scored'),
      ratioWithDecoding: ratio('decoded'),
      ratioInt8: ratio('scoredInt8'),
    });
    const line = (what: string, name: keyof typeof figures) => {
      const { p50Ms, p99Ms, processorMs } = summary[name];
      const { p50, p99, processor } = ratio(name);
      return (
        `${what.padEnd(44)} p50 ${p50Ms.toFixed(2)} ms (${p50.toFixed(2)}), p99 ${p99Ms.toFixed(2)} ms (${p99.toFixed(2)}), ` +
        `processor ${processorMs.toFixed(2)} ms (${processor.toFixed(2)})`
      );
    };
    const text = [
      `${candidates} candidates, ${model.inputSize} inputs (${model.userSize} of the user), tower ${HIDDEN_SIZES.join('→')}; in brackets: of the peer's`,
      line('onnxruntime in Python, bare call', 'peer'),
      line('state to scores', 'scored'),
      line('bytes of the request to scores', 'decoded'),
      line('our tower alone, user apart', 'tower'),
      line('state to scores, hidden layers in int8', 'scoredInt8'),
      line('that tower alone', 'towerInt8'),
    ].join('\n');
    return { result, text };
  } finally {
    await remove();
  }
}

async function runPeer(
  python: string,
  model: string,
  rows: number,
  runs: number,
): Promise<{ version: string; ms: number[]; processor_ms: number }> {
  const script = join(__dirname, '..', '..', 'python', 'rank_peer.py');
  const { stdout } = await promisify(execFile)(python, [script, model, String(rows), String(runs)], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout);
}
