import { ProgressLines } from './progress-lines';
import { type ProgressMessage, ProgressMessages } from './progress-messages';
import { ProgressClock } from './progress-reporter';

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
