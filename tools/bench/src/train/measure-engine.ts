import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import { createRandom } from '@watchnext/learning';
import { drawBatch, setUpStep } from './batches';

export interface StepTimes {
  /** Median over the steps, of the whole and of its parts. */
  readonly stepMs: number;
  readonly parts: Readonly<Record<string, number>>;
}

const WARM_UP_STEPS = 8;

/** Steps of one engine on fresh tables. Drawing the batch counts, as it does for the peer. */
export async function measureEngine(
  createEngine: (onPart: (part: string, milliseconds: number) => void) => CandidateEngineFactory,
  videoCount: number,
  stepCount: number,
): Promise<StepTimes> {
  const random = createRandom(2);
  const setup = setUpStep(videoCount);
  let parts: Record<string, number> = {};
  const engine = await createEngine((part, milliseconds) => (parts[part] = (parts[part] ?? 0) + milliseconds))(setup);
  try {
    const steps: { stepMs: number; parts: Record<string, number> }[] = [];
    for (let i = -WARM_UP_STEPS; i < stepCount; i++) {
      parts = {};
      const startedAt = performance.now();
      const batch = drawBatch(setup, random);
      const drawnAt = performance.now();
      const loss = await engine.step(batch, 1);
      const endedAt = performance.now();
      if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
      if (i >= 0)
        steps.push({ stepMs: endedAt - startedAt, parts: { 'draw the batch': drawnAt - startedAt, ...parts } });
    }
    const names = Object.keys(steps[0].parts);
    return {
      stepMs: median(steps.map(({ stepMs }) => stepMs)),
      parts: Object.fromEntries(names.map((name) => [name, median(steps.map((step) => step.parts[name]))])),
    };
  } finally {
    await engine.close();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
