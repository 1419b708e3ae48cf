/** The impressions of KuaiRand's standard log, for counting; `tools/datasets` is what imports it. */
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ImpressionTable } from '../statistics';

const LOG_NAME = /^log_standard_.*\.csv$/;
const COLUMNS = ['user_id', 'video_id', 'is_click', 'play_time_ms', 'duration_ms'] as const;

/** @throws Error naming the folder or the column that is missing */
export async function readKuairand(folder: string): Promise<ImpressionTable> {
  const names = readdirSync(folder)
    .filter((name) => LOG_NAME.test(name))
    .sort();
  if (names.length === 0) throw new Error(`${folder} has no log_standard_….csv: give the folder with KuaiRand's files`);
  const table = new ImpressionTable();
  for (const name of names) {
    let places: number[] | undefined;
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      const cells = line.split(',');
      if (places === undefined) {
        places = COLUMNS.map((column) => cells.indexOf(column));
        const missing = COLUMNS.filter((_, i) => places?.[i] === -1);
        if (missing.length > 0) throw new Error(`${name} lacks the column ${missing.join(', ')}`);
        continue;
      }
      const [user, item, click, playMs, durationMs] = places.map((place) => Number(cells[place]));
      if (![user, item, playMs, durationMs].every(Number.isFinite)) continue;
      table.add(user, item, click === 1, playMs / 1_000, durationMs / 1_000);
    }
  }
  return table;
}
