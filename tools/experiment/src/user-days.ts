import type { EventArchive } from '@watchnext/event-archive';
import { TOPICS } from '@watchnext/contract';
import { type UserNumbers, USER_NUMBERS } from '@watchnext/experiments';
import { createExposureTables, type Exposure, firstDayOf } from './exposure-tables';

export interface UserDay {
  readonly userId: string;
  /** 0 for the day that begins at the start. */
  readonly day: number;
  /** Of this day alone; `covariate` is the user's. */
  readonly numbers: UserNumbers;
}

/** What each user did on each day, by user and day; programs are left out. For replaying an experiment's statistics. */
export async function readUserDays(archive: EventArchive, exposure: Exposure): Promise<UserDay[]> {
  return archive.analyse(TOPICS.activity, { fromDay: firstDayOf(exposure) }, async (table) => {
    await createExposureTables(table, exposure);
    const columns = USER_NUMBERS.map((name) => `"${name}"::DOUBLE AS "${name}"`).join(', ');
    const rows = await table.rows(`
      SELECT user_id, day::DOUBLE AS day, ${columns} FROM user_days JOIN people USING (user_id) WHERE NOT machine
      ORDER BY user_id, day`);
    return rows.map(({ user_id, day, ...numbers }) => ({
      userId: user_id as string,
      day: day as number,
      numbers: numbers as UserNumbers,
    }));
  });
}
