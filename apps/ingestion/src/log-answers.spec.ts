import { LogUnavailableError } from '@watchnext/event-log';
import { LogAnswers } from './log-answers';

describe('how long the log has answered', () => {
  let nowMs: number;
  let bounds: jest.Mock;
  let answers: LogAnswers;
  const askAt = async (atMs: number) => {
    nowMs = atMs;
    await answers.ask();
  };
  beforeEach(() => {
    nowMs = 0;
    bounds = jest.fn(async () => []);
    answers = new LogAnswers({ bounds }, () => nowMs);
  });

  it('counts from the first answer after a failure to the last', async () => {
    expect(answers.answeringForMs()).toBe(0);
    await askAt(1_000);
    await askAt(6_000);
    expect(answers.answeringForMs()).toBe(5_000);
    bounds.mockRejectedValueOnce(new LogUnavailableError('down'));
    await askAt(11_000);
    expect(answers.answeringForMs()).toBe(0);
    await askAt(16_000);
    await askAt(20_000);
    expect(answers.answeringForMs()).toBe(4_000);
  });

  it('stands still while a question hangs, which is asked once', async () => {
    await askAt(0);
    await askAt(5_000);
    bounds.mockReturnValue(new Promise(() => {}));
    for (nowMs of [10_000, 15_000, 60_000]) void answers.ask();
    expect(answers.answeringForMs()).toBe(5_000);
    expect(bounds).toHaveBeenCalledTimes(3);
  });
});
