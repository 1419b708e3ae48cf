/** Plain sequences, as research code passes them around: a user and what it watched, in order, without times. */
import { basename } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import type { Importer, LoadOptions } from '../importer';
import { BadCell, identifier } from '../read/cells';
import { eachLine } from '../read/each-row';
import type { Staging } from '../staging/staging';

const MAPPING = `Plain sequences become events as follows. PATH is a file with a line for each user: user<TAB>item item …
  items   each a completed Watch of 60 s, of a video that is known by its id alone.
  times   made up, since none are told: one item a day up to 2024-12-31, the day of everyone's last item, at a moment
          of the day that is the user's own. So a split by days leaves one item of each user out. What a user watched
          before its last 365 items lies a minute apart before them.
Each watch comes out of a list of five: the item among four that other users watched around the same time (surface
"drawn"), since the log does not tell what was shown and left; --no-drawn-lists leaves that out, and ranking without
anything to learn from.
Order: catalogue, then activity by time. Ids follow from user and place.`;

const LAST_DAY_MS = Date.UTC(2024, 11, 31);
const DAYS = 365;
const EARLIER_SPACING_MS = 60_000;
const WATCH_SECONDS = 60;
/** Spreads users over the day by the golden section, whatever their number. */
const GOLDEN_SECTION = 0.618033988749895;

export class SequencesImporter implements Importer {
  readonly name = 'sequences';
  readonly hasImpressions = false;

  describeMapping(): string {
    return MAPPING;
  }

  async files(path: string): Promise<string[]> {
    return [path];
  }

  async load(path: string, staging: Staging, options: LoadOptions): Promise<void> {
    const source = staging.source('sequence', basename(path));
    let watchCount = 0;
    await eachLine(path, options, (text, line) => {
      const tab = text.indexOf('\t');
      if (tab === -1) throw new BadCell('no tab between the user and its items');
      const userId = identifier('the user', text.slice(0, tab));
      const items = text
        .slice(tab + 1)
        .split(' ')
        .filter((item) => item !== '')
        .map((item) => identifier('an item', item));
      if (items.length === 0) throw new BadCell(`no items of the user`);
      const momentMs = Math.floor(((line * GOLDEN_SECTION) % 1) * DAY_MS);
      for (const [place, videoId] of items.entries())
        staging.addWatch({
          userId,
          videoId,
          atMs: momentMs + timeOf(items.length - 1 - place),
          positionSeconds: WATCH_SECONDS,
          source,
          line: watchCount++,
        });
    });
  }
}

/** @param back how many items of the user come after it */
function timeOf(back: number): number {
  if (back < DAYS) return LAST_DAY_MS - back * DAY_MS;
  return LAST_DAY_MS - (DAYS - 1) * DAY_MS - (back - DAYS + 1) * EARLIER_SPACING_MS;
}
