import type { ProgressTask } from '@watchnext/command-line';
import type { EventArchive } from '@watchnext/event-archive';
import { TOPICS } from '@watchnext/contract';
import { type UserNumbers, USER_NUMBERS } from '@watchnext/experiments';
import { countingQueries } from './archive-progress';
import { createExposureTables, type Exposure, firstDayOf } from './exposure-tables';

export interface UserDay {
  readonly userId: string;
  /** 0 for the day that begins at the start. */
  readonly day: number;
  /** Of this day alone; `covariate` is the user's. */
  readonly numbers: UserNumbers;
}

/** What each user did on each day, by user and day; programs are left out. For replaying an experiment's statistics. */
export async function readUserDays(archive: EventArchive, exposure: Exposure, task?: ProgressTask): Promise<UserDay[]> {
  return archive.analyse(TOPICS.activity, { fromDay: firstDayOf(exposure) }, async (asked) => {
    const table = task ? countingQueries(asked, task) : asked;
    await createExposureTables(table, exposure);
    const columns = USER_NUMBERS.map((name) => `"${name}"::DOUBLE AS "${name}"`).join(', ');
    const days: UserDay[] = [];
    // A million users' rows are not held twice.
    for await (const rows of table.batches(`
      SELECT user_id, day::DOUBLE AS day, ${columns} FROM user_days JOIN everyone USING (user_id) WHERE left_out IS NULL
      ORDER BY user_id, day`))
      for (const { user_id, day, ...numbers } of rows)
        days.push({ userId: user_id as string, day: day as number, numbers: numbers as UserNumbers });
    return days;
  });
}
