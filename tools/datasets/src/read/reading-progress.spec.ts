import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { ReadingProgress } from './reading-progress';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('reading')));
afterEach(() => folder.remove());

it('estimates the rows of all files by the bytes read, and ends with what they are', async () => {
  const [first, second] = [join(folder.path, 'a.csv'), join(folder.path, 'b.csv')];
  await writeFile(first, 'x'.repeat(1_000));
  await writeFile(second, 'x'.repeat(3_000));
  const progress = await ReadingProgress.of([first, second]);
  expect([progress.rows, progress.totalRows]).toEqual([0, 0]);
  progress.note('a.csv', 50, 500);
  expect([progress.rows, progress.totalRows]).toEqual([50, 400]);
  progress.note('a.csv', 100, 1_000);
  progress.note('b.csv', 10, 1_000);
  expect([progress.rows, progress.totalRows]).toEqual([110, 130]);
  progress.note('b.csv', 30, 3_000);
  expect([progress.rows, progress.totalRows]).toEqual([130, 130]);
});

it('estimates nothing where bytes are not known', async () => {
  const progress = await ReadingProgress.of([]);
  progress.note('log.parquet', 50);
  expect([progress.rows, progress.totalRows]).toEqual([50, 0]);
});
