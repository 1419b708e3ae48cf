import type { ProgressMessage } from '@watchnext/config';
import { ProgressLines } from './progress-lines';
import { ProgressMessages } from './progress-messages';
import { ProgressClock } from './progress-reporter';
import { StepsWorkedOn, trainingDetail } from './training-detail';

describe('progress', () => {
  let nowMs: number;
  const now = () => nowMs;
  beforeEach(() => {
    nowMs = 1_000;
  });

  it('tells rate and time left once time has passed', () => {
    const clock = new ProgressClock(now);
    expect(clock.secondsLeft(5, 100)).toBeUndefined();
    nowMs += 2_000;
    expect(clock.rate(50)).toBe(25);
    expect(clock.secondsLeft(50, 100)).toBe(2);
  });

  it('goes by what was worked on, not by what an earlier run had done', () => {
    const clock = new ProgressClock(now);
    nowMs += 2_000;
    expect(clock.rate(950, 900)).toBe(25);
    expect(clock.secondsLeft(950, 1_000, 900)).toBe(2);
    expect(clock.secondsLeft(900, 1_000, 900)).toBeUndefined();
    const lines: string[] = [];
    const reporter = new ProgressLines((line) => lines.push(line), now);
    reporter.stageStarted();
    nowMs += 5_000;
    reporter.progress('train ranking model', 1_000, 1_200, 'loss 0.5', 500);
    expect(lines).toEqual(['train ranking model: 83% of 1,200, 100/s, loss 0.5, 2 s left']);
  });

  it('knows of trainings in turn which steps were passed over: done before, or left out at the end', () => {
    const worked = new StepsWorkedOn();
    const at = (number: number, step: number, passedOver = 0) =>
      worked.passedOver(number, { step, stepCount: 100, passedOver });
    expect(at(0, 10)).toBe(0);
    expect([at(0, 30, 30), at(0, 60, 30)]).toEqual([30, 30]);
    // The first ends at its 60th step, 30 of them its own; the second goes on from its 20th.
    expect(at(1, 21, 20)).toBe(121 - 30 - 1);
    expect(at(1, 50, 20)).toBe(150 - 30 - 30);
    expect(at(2, 5)).toBe(205 - 60 - 5);
  });

  it('shows loss and speed of a training, each once it is known', () => {
    expect(trainingDetail({ loss: 4.2104, examplesPerSecond: 8_199.6 }, ['epoch 2'])).toBe(
      'loss 4.210, epoch 2, 8,200 examples/s',
    );
    expect(trainingDetail({ examplesPerSecond: 0 }, ['epoch 2'])).toBe('epoch 2');
  });

  it('writes a line every few seconds, not for every step', () => {
    const lines: string[] = [];
    const reporter = new ProgressLines((line) => lines.push(line), now);
    reporter.stageStarted();
    for (let step = 1; step <= 100; step += 1) {
      nowMs += 100;
      reporter.progress('train ranking model', step * 10, 1_200, 'loss 0.5');
    }
    expect(lines).toEqual([
      'train ranking model: 41% of 1,200, 100/s, loss 0.5, 7 s left',
      'train ranking model: 83% of 1,200, 100/s, loss 0.5, 2 s left',
    ]);
  });

  it('sends the parent the first and last of each stage and ten messages a second between', () => {
    const sent: ProgressMessage[] = [];
    const reporter = new ProgressMessages((message) => sent.push(message), now);
    reporter.stageStarted('replay', 2, 5);
    for (let done = 1; done <= 40; done += 1) {
      nowMs += 10;
      reporter.progress('replay', done, 50, 'x');
    }
    reporter.stageEnded('replay', true);
    expect(sent.map(({ done, total }) => `${done}/${total}`)).toEqual([
      '0/1',
      '10/50',
      '20/50',
      '30/50',
      '40/50',
      '50/50',
    ]);
    expect(sent[0]).toEqual({ kind: 'progress', stage: 'replay', done: 0, total: 1, detail: 'stage 2 of 5' });
  });

  it('does not call a broken stage done', () => {
    const sent: ProgressMessage[] = [];
    const reporter = new ProgressMessages((message) => sent.push(message), now);
    reporter.stageStarted('replay', 1, 1);
    reporter.stageEnded('replay', false);
    expect(sent).toHaveLength(1);
  });
});
