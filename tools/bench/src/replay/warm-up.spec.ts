import { DAY_MS, type DayOfLog } from '@watchnext/features';
import { firstDayOf } from './warm-up';

const FIRST_MS = Date.UTC(2026, 10, 1, 9);

const dayAfter = (days: number, count = 100): DayOfLog => ({
  firstMs: FIRST_MS + days * DAY_MS,
  lastMs: FIRST_MS + days * DAY_MS + 1_000,
  count,
});
const archiveOf = (days: readonly DayOfLog[]) => ({
  extent: async () => ({
    recordCount: days.reduce((sum, { count }) => sum + count, 0),
    fileCount: 1,
    minOccurredAtMs: days[0]?.firstMs,
    maxOccurredAtMs: days.at(-1)?.lastMs,
    days,
  }),
});

describe('the first day of a warm-up', () => {
  const days = Array.from({ length: 20 }, (_, day) => dayAfter(day));

  it('is so many days before the end of the log', async () => {
    expect(await firstDayOf(archiveOf(days), 5)).toBe('2026-11-15');
  });

  it('is counted from there also where strays lie years ahead', async () => {
    expect(await firstDayOf(archiveOf([...days, dayAfter(900, 1)]), 5)).toBe('2026-11-15');
  });

  it('is none of an empty archive', async () => {
    await expect(firstDayOf(archiveOf([]), 5)).rejects.toThrow('the archive holds no activity');
  });
});
