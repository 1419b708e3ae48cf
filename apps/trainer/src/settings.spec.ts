import { loadConfig } from '@watchnext/config';
import { trainerSettings } from './settings';

describe('the schedule of trainings', () => {
  const load = (schedule: string) => loadConfig(trainerSettings, { WATCHNEXT_TRAINER_SCHEDULE: schedule });

  it.each(['0 */6 * * *', '0 0 29 2 *'])('comes again: %s', (schedule) => {
    expect(load(schedule).WATCHNEXT_TRAINER_SCHEDULE).toBe(schedule);
  });

  it.each(['now and then', '0 0 30 2 *', '2020-01-01T00:00:00'])('is refused where it never comes: %s', (schedule) => {
    expect(() => load(schedule)).toThrow(/WATCHNEXT_TRAINER_SCHEDULE.*a cron pattern with a time to come/);
  });
});
