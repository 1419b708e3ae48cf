import { MAPPING, T, TableFolder } from '../../test/table-folder';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

it.each<[string, number, number, readonly string[]]>([
  ['that fit', 30, 100, []],
  [
    'far shorter than their videos',
    7.6,
    9_625,
    [
      'WARNING: log.csv: 0.0% of the watches are completed, and only those are learned from: is seconds in another unit, or the duration?',
    ],
  ],
  [
    'of hours',
    30_000,
    60_000,
    ['WARNING: log.csv: 100.0% of the watches are of 3 hours or more: is seconds in another unit, or the duration?'],
  ],
])(
  'watches %s: the import says so where the unit must be wrong',
  async (_, watchSeconds, durationSeconds, warnings) => {
    const rows = Array.from(
      { length: 200 },
      (_row, n) => `u${n % 50},v${n % 20},${T + n},${watchSeconds},${durationSeconds}`,
    );
    const log = await folder.write('log.csv', 'user,video,at,seconds,long', ...rows);
    const mapping = { log: { ...MAPPING.log, durationSeconds: { column: 'long', unit: 's' } } };
    expect((await folder.read(log, mapping)).notes).toEqual(warnings);
  },
);
