import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { datasetEvents } from '../index';
import { findFiles } from './files';
import { KuaiRandImporter } from './importer';

const HEADER = 'user_id,video_id,date,time_ms,is_click,play_time_ms,tab';
const T = 1_650_812_000_000;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('kuairand')));
afterEach(() => folder.remove());

const LOGS: Readonly<Record<string, readonly string[]>> = {
  pure: ['log_standard_4_08_to_4_21_pure.csv', 'log_standard_4_22_to_5_08_pure.csv'],
  '1k': ['log_standard_4_08_to_4_21_1k.csv', 'log_standard_4_22_to_5_08_1k.csv'],
  '27k': [
    'log_standard_4_08_to_4_21_27k_part1.csv',
    'log_standard_4_08_to_4_21_27k_part2.csv',
    'log_standard_4_22_to_5_08_27k_part1.csv',
    'log_standard_4_22_to_5_08_27k_part2.csv',
  ],
};

/** The official layout, in the folder `data` that the archive unpacks; the same row in the same line of each log. */
async function writeEdition(edition: string): Promise<void> {
  const data = join(folder.path, 'data');
  await mkdir(data, { recursive: true });
  await writeFile(join(data, `user_features_${edition}.csv`), 'user_id\n7\n');
  await writeFile(
    join(data, `video_features_basic_${edition}.csv`),
    'video_id,author_id,upload_dt,video_duration,tag\n0,1,2022-04-01,20000.0,39\n',
  );
  await writeFile(join(data, `log_random_4_22_to_5_08_${edition}.csv`), `${HEADER}\n7,0,20220425,${T},1,1000,1\n`);
  for (const name of LOGS[edition]) await writeFile(join(data, name), `${HEADER}\n7,0,20220425,${T},1,1000,1\n`);
}

describe.each(Object.keys(LOGS))('KuaiRand %s', (edition) => {
  it('is found with all its logs, and nothing of them is taken for the same', async () => {
    await writeEdition(edition);
    expect((await findFiles(folder.path)).logs.map(({ path }) => path)).toEqual(
      LOGS[edition].map((name) => join(folder.path, 'data', name)),
    );
    const ids = new Set<string>();
    const playbacks = new Set<string>();
    let watchCount = 0;
    for await (const event of datasetEvents(new KuaiRandImporter(), folder.path)) {
      expect(ids.has(event.eventId)).toBe(false);
      ids.add(event.eventId);
      if (event.body?.$case !== 'watch') continue;
      watchCount += 1;
      playbacks.add(event.body.value.playbackId);
    }
    expect(watchCount).toBe(LOGS[edition].length);
    expect(playbacks.size).toBe(watchCount);
  });
});
