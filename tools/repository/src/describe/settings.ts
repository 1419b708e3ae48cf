/** The settings of an app: names, values and defaults from its zod schema, what they do from the comments above them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  driverSettings,
  experimentSettings,
  grpcTlsSettings,
  loggingSettings,
  tracingSettings,
  valuesOf,
} from '@watchnext/config';
import ts from 'typescript';
import { z } from 'zod';
import { gitPaths } from '../git-paths';
import { commentOf, parse, ROOT, sourcesUnder, visit } from './sources';
import { code, table } from './table';

export interface Setting {
  readonly name: string;
  /** What may be given, in a few words. */
  readonly values: string;
  /** Undefined for none. */
  readonly defaultValue: string | undefined;
  readonly what: string;
}

type Shape = Readonly<Record<string, z.ZodType>>;

/** Settings that several apps take under one name; described once, in docs/settings.md. */
export const SHARED: readonly { readonly title: string; readonly shape: Shape }[] = [
  { title: 'Drivers', shape: driverSettings },
  { title: 'Logs', shape: loggingSettings },
  { title: 'Traces', shape: tracingSettings },
  { title: 'TLS', shape: grpcTlsSettings },
  { title: 'Experiments', shape: experimentSettings },
];

export const KNOWN_NAMES_FILE = 'libs/platform/config/src/known-names.ts';

/** Names of files that hold an app's schema. */
const SCHEMA_FILES = ['config', 'settings'];

/** @throws Error for an app whose schema is not where it should be */
function schemaOf(app: string): z.ZodObject {
  // From sources in specs, from the build in the command.
  const folder = join(ROOT, 'apps', app, __filename.endsWith('.ts') ? 'src' : 'dist');
  const file = SCHEMA_FILES.find((name) => existsSync(join(folder, `${name}.${folder.endsWith('src') ? 'ts' : 'js'}`)));
  // Chosen at run time, and by jest from the sources.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const exported = file === undefined ? {} : (require(join(folder, file)) as Record<string, unknown>);
  const schema = exported[`${app}Settings`];
  if (!(schema instanceof z.ZodObject)) {
    throw new Error(
      `apps/${app}/src has no ${SCHEMA_FILES.join('.ts or ')}.ts that exports ${app}Settings, a zod object`,
    );
  }
  return schema;
}

/** What the app takes besides the shared settings. */
export function ownSettings(app: string): Setting[] {
  const shared = new Set(SHARED.flatMap(({ shape }) => Object.keys(shape)));
  const own = Object.entries(schemaOf(app).shape as Shape).filter(([name]) => !shared.has(name));
  // Some are declared for several apps: what belongs beside an app's own is told in its document.
  const folders = [join('apps', app), join('libs', 'platform', 'config')].map((folder) => join(ROOT, folder, 'src'));
  return describeShape(Object.fromEntries(own), folders);
}

/** Titles of the groups of shared settings that the app takes. */
export function sharedGroups(app: string): string[] {
  const names = new Set(Object.keys(schemaOf(app).shape));
  return SHARED.filter(({ shape }) => Object.keys(shape).every((name) => names.has(name))).map(({ title }) => title);
}

/** @throws Error for a setting without a comment: what it does would be told nowhere */
export function describeShape(shape: Shape, folders: readonly string[]): Setting[] {
  const comments = commentsOf(folders);
  const silent = Object.keys(shape).filter((name) => !comments.has(name));
  if (silent.length > 0)
    throw new Error(`a comment is needed above ${silent.join(', ')}: it is what documents say of it`);
  return Object.entries(shape).map(([name, field]) => ({
    name,
    values: valuesText(field),
    defaultValue: defaultOf(field),
    what: comments.get(name) as string,
  }));
}

/** Every variable that programs and scripts of the repository name. Specs name some that there are not. */
export function knownNames(): string[] {
  const names = gitPaths(ROOT, 'ls-files', '--cached', '--others', '--exclude-standard', 'apps', 'libs', 'tools')
    .filter((path) => /\.(ts|m?js)$/.test(path) && !path.endsWith('.spec.ts') && path !== KNOWN_NAMES_FILE)
    // One that was deleted is listed until that is staged.
    .filter((path) => existsSync(join(ROOT, path)))
    .flatMap((path) => readFileSync(join(ROOT, path), 'utf8').match(/\bWATCHNEXT(_[A-Z0-9]+)+\b/g) ?? []);
  return [...new Set(names)].sort();
}

export function settingsTable(settings: readonly Setting[]): string {
  return table(
    ['variable', 'value', 'default', ''],
    settings.map(({ name, values, defaultValue, what }) => [
      code(name),
      values,
      // A default that depends on the machine is told in words.
      /default: /i.test(what) || defaultValue === undefined || defaultValue === '' ? '' : code(defaultValue),
      what,
    ]),
  );
}

function commentsOf(folders: readonly string[]): Map<string, string> {
  const comments = new Map<string, string>();
  for (const path of folders.flatMap(sourcesUnder)) {
    visit(parse(path), (node) => {
      if (!ts.isPropertyAssignment(node) || !node.name.getText().startsWith('WATCHNEXT_')) return;
      const comment = commentOf(node);
      if (comment !== '') comments.set(node.name.getText(), comment);
    });
  }
  return comments;
}

type Definition = {
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly defaultValue?: unknown;
};

const definitionOf = (field: z.ZodType) => field._zod.def as unknown as Definition;

function valuesText(field: z.ZodType): string {
  const values = valuesOf(field);
  if (values.kind === 'choice') return values.choices.map(code).join(', ');
  return values.kind === 'number' ? values.text : 'text';
}

function defaultOf(field: z.ZodType): string | undefined {
  const { defaultValue, innerType, in: input } = definitionOf(field);
  if (defaultValue !== undefined) return String(defaultValue);
  const inner = innerType ?? input;
  return inner === undefined ? undefined : defaultOf(inner);
}
