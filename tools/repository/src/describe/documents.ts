/**
 * The parts of documents that are made from code. They stand between `<!-- made: NAME -->` and `<!-- end -->`; what is
 * around them is written by people.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decisionsIndex } from './decisions';
import { experimentsFileTable } from './experiments-file';
import { type Metric, metricsOf, routesOf, rpcsOf, sharedMetrics } from './interface';
import {
  describeShape,
  KNOWN_NAMES_FILE,
  knownNames,
  ownSettings,
  settingsTable,
  SHARED,
  sharedGroups,
} from './settings';
import { APPS, ROOT } from './sources';
import { code, table } from './table';

export interface MadeDocument {
  /** From the workspace's root. */
  readonly path: string;
  readonly found: string;
  /** What it should be. */
  readonly wanted: string;
}

type Parts = Readonly<Record<string, () => string>>;

/** @throws Error for a document that lacks a part, or has one that nothing makes */
export function madeDocuments(): MadeDocument[] {
  return [
    ...APPS.map((app) => madeDocument(`apps/${app}/README.md`, partsOf(app))),
    madeDocument('docs/settings.md', sharedParts()),
    madeDocument('docs/experiments.md', { 'experiments-file': experimentsFileTable }),
    { path: KNOWN_NAMES_FILE, found: readFileSync(join(ROOT, KNOWN_NAMES_FILE), 'utf8'), wanted: knownNamesModule() },
    madeDocument('docs/decisions/README.md', { decisions: decisionsIndex }),
    madeDocument('docs/metrics.md', { metrics: () => metricsTable(sharedMetrics()) }),
  ];
}

/** For programs, which know their own schema alone, to tell another's setting from a mistyped one. */
function knownNamesModule(): string {
  return [
    '/** Every variable that some program or script here names. Made by `npm run describe`. */',
    'export const KNOWN_NAMES: readonly string[] = [',
    ...knownNames().map((name) => `  '${name}',`),
    '];',
    '',
  ].join('\n');
}

function madeDocument(path: string, parts: Parts): MadeDocument {
  const found = readFileSync(join(ROOT, path), 'utf8');
  return { path, found, wanted: fill(path, found, parts) };
}

/** @throws Error as above */
export function fill(path: string, text: string, parts: Parts): string {
  const missing = new Set(Object.keys(parts));
  const filled = text.replace(/<!-- made: ([\w-]+) -->[^]*?<!-- end -->/g, (_, name: string) => {
    const make = parts[name];
    if (make === undefined) throw new Error(`${path}: nothing makes the part "${name}"`);
    missing.delete(name);
    return `<!-- made: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
  const [first] = missing;
  if (first !== undefined) throw new Error(`${path} lacks the part "${first}": <!-- made: ${first} --><!-- end -->`);
  return filled;
}

function partsOf(app: string): Parts {
  const rpcs = rpcsOf(app);
  const routes = routesOf(app);
  return {
    settings: () => [settingsTable(ownSettings(app)), sharedSentence(app)].join('\n\n'),
    ...(rpcs.length === 0 && routes.length === 0 ? {} : { endpoints: () => endpointsOf(app) }),
    metrics: () => metricsTable(metricsOf(app)),
  };
}

function sharedSentence(app: string): string {
  const links = sharedGroups(app).map(
    (title) => `[${title.toLowerCase()}](../../docs/settings.md#${title.toLowerCase()})`,
  );
  return `Besides: ${links.join(', ')}.`;
}

function endpointsOf(app: string): string {
  return [
    ...(rpcsOf(app).length === 0
      ? []
      : [
          table(
            ['gRPC', ''],
            rpcsOf(app).map(({ service, name, what }) => [code(`${service}/${name}`), what]),
          ),
        ]),
    ...(routesOf(app).length === 0
      ? []
      : [
          table(
            ['HTTP', ''],
            routesOf(app).map(({ method, path, what }) => [code(`${method} ${path}`), what]),
          ),
        ]),
  ].join('\n\n');
}

function metricsTable(metrics: readonly Metric[]): string {
  if (metrics.length === 0) return 'None of its own.';
  return table(
    ['metric', 'kind', ''],
    metrics.map(({ name, kind, what }) => [code(name), kind, what]),
  );
}

function sharedParts(): Parts {
  const folder = join(ROOT, 'libs', 'platform', 'config', 'src');
  return Object.fromEntries(
    SHARED.map(({ title, shape }) => [title.toLowerCase(), () => settingsTable(describeShape(shape, [folder]))]),
  );
}
