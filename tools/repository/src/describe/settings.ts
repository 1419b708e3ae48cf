/** The settings of an app: names, values and defaults from its zod schema, what they do from the comments above them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  driverSettings,
  experimentSettings,
  grpcTlsSettings,
  loggingSettings,
  tracingSettings,
} from '@watchnext/config';
import ts from 'typescript';
import { z } from 'zod';
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
  return describeShape(Object.fromEntries(own), [join(ROOT, 'apps', app, 'src')]);
}

/** Titles of the groups of shared settings that the app takes. */
export function sharedGroups(app: string): string[] {
  const names = new Set(Object.keys(schemaOf(app).shape));
  return SHARED.filter(({ shape }) => Object.keys(shape).every((name) => names.has(name))).map(({ title }) => title);
}

export function describeShape(shape: Shape, folders: readonly string[]): Setting[] {
  const comments = commentsOf(folders);
  return Object.entries(shape).map(([name, field]) => ({
    name,
    values: valuesOf(field),
    defaultValue: defaultOf(field),
    what: comments.get(name) ?? '',
  }));
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
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string>>;
};

const definitionOf = (field: z.ZodType) => field._zod.def as unknown as Definition;

/** Through optional, default and transformations to what is read from the environment. */
function unwrapped(field: z.ZodType): Definition {
  const definition = definitionOf(field);
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? definition : unwrapped(inner);
}

function valuesOf(field: z.ZodType): string {
  const { type, entries } = unwrapped(field);
  if (entries !== undefined) return Object.values(entries).map(code).join(', ');
  return type === 'number' ? 'number' : 'text';
}

function defaultOf(field: z.ZodType): string | undefined {
  const { defaultValue, innerType, in: input } = definitionOf(field);
  if (defaultValue !== undefined) return String(defaultValue);
  const inner = innerType ?? input;
  return inner === undefined ? undefined : defaultOf(inner);
}
