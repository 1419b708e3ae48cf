import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { impressionScores } from '../impression-scores';
import { World } from '../world';
import { writeScores } from './scores';

const endMs = Date.UTC(2026, 10, 20);
const world = { seed: 5, viewerCount: 120, videoCount: 80, dayCount: 3, endMs };
const command = { world, fromMs: undefined, stride: 1, learnerRounds: undefined };

describe('the file of scores', () => {
  let folder: string;
  let said: jest.SpyInstance[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-scores-'));
    said = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write').mockReturnValue(true));
  });
  afterEach(() => {
    for (const spy of said) spy.mockRestore();
    rmSync(folder, { recursive: true });
  });
  const never = new AbortController().signal;

  it('has a row for each impression since the moment, with the score to the bit', async () => {
    const file = join(folder, 'there', 'scores.csv');
    const fromMs = endMs - DAY_MS;
    const count = await writeScores({ ...command, fromMs, file }, never);
    const [header, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(header).toMatch(/^user_id,video_id,is_click,watch_seconds,score,/);
    const expected = [...impressionScores(new World(world), { fromMs })].flat();
    expect(rows).toHaveLength(count);
    const place = header.split(',').indexOf('impression_id');
    expect(rows.map((row) => [row.split(',')[place], Number(row.split(',')[4])])).toEqual(
      expected.map(({ impressionId, expectedSeconds }) => [impressionId, expectedSeconds]),
    );
    expect(readdirSync(join(folder, 'there'))).toEqual(['scores.csv']);
  });

  it('has the same impressions of some viewers, scored by what the log tells', async () => {
    const read = async (name: string, learnerRounds: number | undefined) => {
      const file = join(folder, name);
      await writeScores({ ...command, fromMs: endMs - DAY_MS, stride: 10, learnerRounds, file }, never);
      return readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((row) => row.split(','));
    };
    const [known, learned] = [await read('truth.csv', undefined), await read('log.csv', 10)];
    const withoutScores = (rows: string[][]) => rows.map((row) => [...row.slice(0, 4), ...row.slice(7)]);
    expect(known.length).toBeGreaterThan(50);
    expect(withoutScores(learned)).toEqual(withoutScores(known));
    expect(learned.filter((row, i) => row[4] !== known[i][4]).length).toBeGreaterThan(50);
  });

  it('is there as a whole or not at all', async () => {
    const stop = new AbortController();
    stop.abort();
    const file = join(folder, 'scores.csv');
    await expect(writeScores({ ...command, file }, stop.signal)).rejects.toThrow(/abort/i);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused where it cannot be, by the name of the option', async () => {
    mkdirSync(join(folder, 'taken'));
    const write = (fromMs: number | undefined) =>
      writeScores({ ...command, fromMs, file: join(folder, 'taken') }, never);
    await expect(write(undefined)).rejects.toThrow(/^--out: .*taken is a folder$/);
    writeFileSync(join(folder, 'file'), '');
    await expect(writeScores({ ...command, file: join(folder, 'file', 'f') }, never)).rejects.toThrow(
      /^--out: .* cannot be written$/,
    );
    await expect(write(endMs)).rejects.toThrow('--from: the history ends at 2026-11-20T00:00:00.000Z');
    expect(readdirSync(folder)).toEqual(['file', 'taken']);
  });
});
