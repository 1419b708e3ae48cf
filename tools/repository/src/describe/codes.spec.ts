/** Where a document explains the codes, kinds or columns of a program, it leaves none out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, sourcesUnder } from './sources';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** What a list in a source has. @param list where it begins, up to its end */
const listedIn = (source: string, list: RegExp, code = /'([a-z][a-z0-9_-]*)'/g) =>
  all(list.exec(read(source))?.[0] ?? '', code);

/** What producers are answered: nobody hears of 499, and probes are not for them. */
const COLLECTOR_CODES = sourcesUnder(join(ROOT, 'apps', 'ingestion', 'src'))
  .filter((path) => !path.endsWith('probes.controller.ts'))
  .map((path) => readFileSync(path, 'utf8'))
  .flatMap((text) => all(text, /new ApiError\(\s*(?!499)\d{3},\s*'([a-z-]+)'/g));

const EXPLAINED: readonly (readonly [what: string, document: string, codes: readonly string[]])[] = [
  [
    'categories of failed stages',
    'docs/runbooks/gateway.md',
    listedIn('apps/gateway/src/pipeline/failure.ts', /export type FailureCategory =[^;]*/),
  ],
  [
    'reasons to refuse a snapshot',
    'docs/runbooks/refused-snapshot.md',
    listedIn(
      'libs/platform/service/src/snapshot-serving.ts',
      /REFUSAL_REASONS = \[[^]*?\bOTHER_REFUSAL = '[a-z-]+'/,
      /^(?: {2}|const OTHER_REFUSAL = )'([a-z-]+)'/gm,
    ),
  ],
  [
    'causes of dead letters',
    'docs/runbooks/dead-letters.md',
    listedIn('libs/domain/features/src/judge-record.ts', /DEAD_LETTER_CODES = \[[^]*?\] as const/),
  ],
  [
    'checks of the gate, and of the final models',
    'docs/runbooks/trainer.md',
    [
      ...all(
        read('libs/domain/evaluation/src/gate.ts'),
        /^ {4,6}(?:name: )?'((?:candidates|ranking|index|finite)[a-z-]*)',$/gm,
      ),
      ...all(read('libs/domain/evaluation/src/regression.ts'), /name: '([a-z]+-no-regression)'/g),
      // The first of the models' ends the run by an error.
      ...all(read('apps/trainer/src/stages/check-sanity.ts'), /'(final-(?!models-finite)[a-z-]+)'/g),
    ],
  ],
  ['codes of the collector', 'docs/producers.md', COLLECTOR_CODES],
  [
    'kinds of events in the archive',
    'docs/bring-your-data.md',
    listedIn('libs/platform/event-archive/src/flatten-event.ts', /EVENT_KINDS = \[[^]*?\] as const/),
  ],
  [
    'columns of the archive',
    'docs/bring-your-data.md',
    listedIn(
      'libs/platform/event-archive/src/archive-table.ts',
      /const COLUMNS = \{[^]*?\} as const/,
      /^ {2}([a-z_]+):/gm,
    ),
  ],
  [
    'units of times',
    'docs/bring-your-data.md',
    listedIn('tools/datasets/src/table/mapping.ts', /const TIME_UNITS = [^;]*/),
  ],
  [
    'units of watch times',
    'docs/bring-your-data.md',
    listedIn('tools/datasets/src/table/mapping.ts', /const DURATION_UNITS = [^;]*/),
  ],
  ['encodings', 'docs/bring-your-data.md', listedIn('tools/datasets/src/read/text-lines.ts', /TEXT_ENCODINGS = [^;]*/)],
];

it.each(EXPLAINED)('of the %s, %s leaves none out', (_, document, codes) => {
  expect(codes.length).toBeGreaterThan(2);
  expect(codes.filter((code) => !read(document).includes(`\`${code}\``))).toEqual([]);
});
