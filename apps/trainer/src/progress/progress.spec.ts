import { Writable } from 'node:stream';
import type { ProgressMessage } from '@watchnext/config';
import { ProgressMessages } from './progress-messages';
import { ProgressTasks } from './progress-tasks';
import { StepsWorkedOn, trainingDetail } from './training-detail';

describe('progress', () => {
  let nowMs: number;
  const now = () => nowMs;
  beforeEach(() => {
    nowMs = 1_000;
  });

  it('goes by what was worked on, not by what an earlier run had done', () => {
    const lines: string[] = [];
    const reporter = new ProgressTasks({ write: (line: string) => lines.push(line) }, now);
    reporter.stageStarted('train ranking model', 2, 5);
    nowMs += 5_000;
    reporter.progress('train ranking model', 1_000, 1_200, 'loss 0.5', 500);
    expect(lines).toEqual(['train ranking model: 1,000 of 1,200 steps · 100 a second · 2.0 s left · loss 0.5\n']);
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

  it('writes a line every few seconds, not for every step, and none at the end', () => {
    const lines: string[] = [];
    const reporter = new ProgressTasks({ write: (line: string) => lines.push(line) }, now);
    reporter.stageStarted('train ranking model', 2, 5);
    for (let step = 1; step <= 100; step += 1) {
      nowMs += 100;
      reporter.progress('train ranking model', step * 10, 1_200, 'loss 0.5');
    }
    reporter.stageEnded('train ranking model', true);
    expect(lines).toEqual([
      'train ranking model: 500 of 1,200 steps · 100 a second · 7.0 s left · loss 0.5\n',
      'train ranking model: 1,000 of 1,200 steps · 100 a second · 2.0 s left · loss 0.5\n',
    ]);
  });

  it('leaves a line of each stage on a terminal, with its number', () => {
    let text = '';
    const output = Object.assign(new Writable({ write: (chunk, _, done) => ((text += chunk), done()) }), {
      isTTY: true,
      columns: 100,
    });
    const reporter = new ProgressTasks(output, now);
    reporter.stageStarted('replay', 2, 14);
    nowMs += 3_000;
    reporter.progress('replay', 50, 50);
    reporter.stageEnded('replay', true);
    expect(text).toMatch(/ 2\/14 replay: 50 steps in 3\.0 s\n$/);
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
    expect(sent[0]).toEqual({
      kind: 'progress',
      stage: 'replay',
      done: 0,
      total: 1,
      detail: 'stage 2 of 5',
      passedOver: 0,
    });
  });

  it('does not call a broken stage done', () => {
    const sent: ProgressMessage[] = [];
    const reporter = new ProgressMessages((message) => sent.push(message), now);
    reporter.stageStarted('replay', 1, 1);
    reporter.stageEnded('replay', false);
    expect(sent).toHaveLength(1);
  });
});
