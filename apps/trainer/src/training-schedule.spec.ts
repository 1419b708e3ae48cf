import { createLogger } from '@watchnext/service';
import { eventually } from '@watchnext/testing';
import { NothingToTrainError } from './errors';
import type { RunReport } from './report';
import { TrainingSchedule } from './training-schedule';

const command = {
  once: false,
  evaluationDays: 1,
  metricsJson: undefined,
  seed: 1,
  rankingObjective: 'expected-watch-time' as const,
  rankingPrecision: 'float32' as const,
  overrideGate: false,
  current: true,
};
const logger = createLogger('spec', { level: 'silent', format: 'json' });
const EVERY_SECOND = '* * * * * *';

describe('the schedule', () => {
  it('goes on after a run that failed, and leaves out runs that are due while one is going on', async () => {
    let started = 0;
    let finishLong: () => void = () => undefined;
    const run = jest.fn(async () => {
      started += 1;
      if (started === 1) throw new NothingToTrainError('no activity yet');
      await new Promise<void>((resolve) => (finishLong = resolve));
      return {} as RunReport;
    });
    const schedule = new TrainingSchedule({ run }, logger);
    schedule.start(EVERY_SECOND, command);
    try {
      await eventually(() => expect(started).toBe(2));
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      expect(started).toBe(2);
    } finally {
      schedule.stop();
      finishLong();
    }
    expect(run).toHaveBeenCalledWith(command);
  });
});
