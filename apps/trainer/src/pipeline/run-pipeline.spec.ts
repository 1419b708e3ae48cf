import { createRandom } from '@watchnext/learning';
import { RunStoppedError } from '../errors';
import type { ProgressReporter } from '../progress/progress-reporter';
import type { RunState } from './run-state';
import { checkStages, type PipelineOptions, runPipeline } from './run-pipeline';
import { defineStage } from './stage';

const sizes = { videos: 3 };
const giveSizes = defineStage({ name: 'give sizes', needs: [], gives: ['sizes'], run: async () => ({ sizes }) });
const giveMetrics = (seen: Partial<RunState>[]) =>
  defineStage({
    name: 'give metrics',
    needs: ['sizes'],
    gives: ['metrics'],
    async run(input) {
      seen.push({ ...input });
      return { metrics: [] };
    },
  });

class Recorder implements ProgressReporter {
  readonly lines: string[] = [];
  stageStarted = (stage: string, number: number, count: number) => void this.lines.push(`${number}/${count} ${stage}`);
  progress = (stage: string, done: number, total: number) => void this.lines.push(`${stage} ${done}/${total}`);
  stageEnded = (stage: string, complete: boolean) => void this.lines.push(`${stage} ${complete ? 'done' : 'broken'}`);
}

const options = (overrides: Partial<PipelineOptions> = {}): PipelineOptions => ({
  reporter: new Recorder(),
  signal: new AbortController().signal,
  random: createRandom(1),
  ...overrides,
});

describe('a pipeline of stages', () => {
  it('refuses a stage that needs what none before it gives, before anything runs', () => {
    expect(() => checkStages([giveMetrics([]), giveSizes])).toThrow('stage "give metrics" needs "sizes"');
    expect(() => checkStages([giveSizes, giveSizes])).toThrow('was given before');
  });

  it('hands on what stages give, tells progress, and notes seconds and facts of each', async () => {
    const reporter = new Recorder();
    const done: string[] = [];
    const note = defineStage({
      name: 'note',
      needs: [],
      gives: ['parentSnapshotId'],
      async run(_input, tools) {
        tools.progress.report(1, 2);
        tools.note({ found: 1 });
        return { parentSnapshotId: 'p' };
      },
    });
    const onStageDone = (stage: string, seconds: number, facts: object) => {
      expect(seconds).toBeGreaterThanOrEqual(0);
      done.push(`${stage} ${JSON.stringify(facts)}`);
    };
    const state = await runPipeline(
      [giveSizes, note],
      ['sizes', 'parentSnapshotId'],
      options({ reporter, onStageDone }),
    );
    expect(state).toEqual({ sizes, parentSnapshotId: 'p' });
    expect(done).toEqual(['give sizes {}', 'note {"found":1}']);
    expect(reporter.lines).toEqual(['1/2 give sizes', 'give sizes done', '2/2 note', 'note 1/2', 'note done']);
  });

  it('drops what no later stage needs', async () => {
    const seen: Partial<RunState>[] = [];
    const last = defineStage({
      name: 'last',
      needs: ['metrics'],
      gives: ['parentSnapshotId'],
      async run(input) {
        seen.push({ ...input });
        return { parentSnapshotId: undefined };
      },
    });
    const state = await runPipeline([giveSizes, giveMetrics(seen), last], ['metrics'], options());
    expect(seen.map((input) => Object.keys(input))).toEqual([['sizes'], ['metrics']]);
    expect(Object.keys(state)).toEqual(['metrics']);
  });

  it('fails when a stage does not give what it says', async () => {
    const broken = defineStage({ name: 'broken', needs: [], gives: ['sizes'], run: async () => ({}) as never });
    await expect(runPipeline([broken], [], options())).rejects.toThrow('did not give "sizes"');
  });

  it('stops before the next stage, and within one that gives way', async () => {
    const controller = new AbortController();
    const aborts = defineStage({
      name: 'aborts',
      needs: [],
      gives: ['sizes'],
      async run(_input, { signal }) {
        controller.abort();
        signal.throwIfAborted();
        return { sizes };
      },
    });
    const reporter = new Recorder();
    await expect(runPipeline([aborts], [], options({ signal: controller.signal, reporter }))).rejects.toThrow(
      new RunStoppedError('aborts'),
    );
    expect(reporter.lines.at(-1)).toBe('aborts broken');
    await expect(runPipeline([giveSizes], [], options({ signal: controller.signal }))).rejects.toThrow(RunStoppedError);
  });

  it('does not take a failure for a stop because a signal came as well', async () => {
    const controller = new AbortController();
    const fails = defineStage({
      name: 'fails',
      needs: [],
      gives: ['sizes'],
      run: async () => {
        controller.abort();
        throw new Error('disk full');
      },
    });
    await expect(runPipeline([fails], [], options({ signal: controller.signal }))).rejects.toThrow('disk full');
  });

  it('gives each stage a random stream of its own that depends on the seed and its name only', async () => {
    const draws: number[] = [];
    const draw = (name: string) =>
      defineStage({ name, needs: [], gives: [], run: async (_input, { random }) => (draws.push(random.next()), {}) });
    await runPipeline([draw('a'), draw('b')], [], options());
    await runPipeline([draw('b')], [], options());
    expect(draws[0]).not.toBe(draws[1]);
    expect(draws[2]).toBe(draws[1]);
  });
});
