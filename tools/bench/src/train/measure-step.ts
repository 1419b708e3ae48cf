import { median } from '@watchnext/learning';
import type { EngineChoice, MeasuredStep } from './measured-step';

export interface StepTimes {
  /** Median over the steps, of the whole and of its parts. */
  readonly stepMs: number;
  /** Of all threads together, mean: what a step costs also where other programs take the cores meanwhile. */
  readonly cpuMs: number;
  readonly parts: Readonly<Record<string, number>>;
}

const WARM_UP_STEPS = 8;

/** Steps of one engine on fresh tables. Drawing the batch counts, as it does for the peer. */
export async function measureStep(
  step: MeasuredStep,
  engine: EngineChoice,
  videoCount: number,
  stepCount: number,
): Promise<StepTimes> {
  let parts: Record<string, number> = {};
  const running = await step.start(
    engine,
    videoCount,
    (part, milliseconds) => (parts[part] = (parts[part] ?? 0) + milliseconds),
  );
  try {
    const steps: { stepMs: number; parts: Record<string, number> }[] = [];
    let usedBefore = process.cpuUsage();
    for (let i = -WARM_UP_STEPS; i < stepCount; i++) {
      parts = {};
      if (i === 0) usedBefore = process.cpuUsage();
      const startedAt = performance.now();
      const loss = await running.step();
      const endedAt = performance.now();
      if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
      if (i >= 0) steps.push({ stepMs: endedAt - startedAt, parts });
    }
    const { user, system } = process.cpuUsage(usedBefore);
    const names = Object.keys(steps[0].parts);
    return {
      stepMs: median(steps.map(({ stepMs }) => stepMs)),
      cpuMs: (user + system) / 1_000 / stepCount,
      parts: Object.fromEntries(names.map((name) => [name, median(steps.map((one) => one.parts[name]))])),
    };
  } finally {
    await running.close();
  }
}
