/** What the sources of this repository say, for the checks that hold manifests against code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import type { Opened } from './network';
import type { App } from './pods';

export const REPOSITORY = resolve(__dirname, '..', '..', '..');

/** The text of each TypeScript file below a folder, specs left out. */
export function sourcesOf(folder: string): Map<string, string> {
  const path = join(REPOSITORY, folder);
  return new Map(
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  );
}

/** The drivers that a service opens; for a command of ingestion, only those that it names itself. */
export function openedBy(app: App, command?: string): Opened {
  const sources = sourcesOf(`apps/${app}/src`);
  // A command opens what its helpers open, and not what the service does.
  const relevant = [...sources].filter(([name]) =>
    command === undefined
      ? !/^(commands|expire|rebuild|restore-log)\//.test(name)
      : name === `commands/${command}.ts` || name === 'commands/command.ts',
  );
  const opens = (name: string) => relevant.some(([, text]) => new RegExp(`\\b${name}\\(`).test(text));
  return {
    eventLog: ['openEventLog', 'openServiceLog', 'openSystemLog', 'ModelServer.open'].some(opens),
    featureStore: opens('openFeatureStore'),
    objectStore: ['openSnapshotStore', 'openEventArchive', 'openCheckpoints', 'ModelServer.open'].some(opens),
  };
}

/** Names of the topics that the sources below a folder say they read and write themselves, by the constants of the contract. */
export function topicsUsedBy(folder: string): { reads: string[]; writes: string[] } {
  const text = [...sourcesOf(folder).values()].join('\n');
  const named = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, name]) => TOPICS[name as keyof typeof TOPICS] ?? `no topic: ${name}`);
  const announced = /\bannounceSnapshot\(/.test(text) ? [TOPICS.snapshots] : [];
  const followed = /\btailCatalogue\(/.test(text) ? [TOPICS.catalog] : [];
  return {
    reads: [
      ...new Set([
        ...named(/(?:\.tail\(|\breadTopic\(\w+, )TOPICS\.(\w+)/g),
        ...named(/\btopic: TOPICS\.(\w+), groupId:/g),
        ...followed,
      ]),
    ],
    writes: [...new Set([...named(/\.append\(TOPICS\.(\w+)/g), ...announced])],
  };
}

/** Under which names the sources below a folder open the event log. */
export function logClientsOf(folder: string): Set<string> {
  const text = [...sourcesOf(folder).values()].join('\n');
  return new Set(
    [...text.matchAll(/\b(?:open(?:Event|Service|System)Log|ModelServer\.open)\([^;]*?, '(\w+)'/g)].map(
      ([, name]) => name as string,
    ),
  );
}

/** Paths that an app answers with GET. */
export function routesOf(app: App): Set<string> {
  const text = [...sourcesOf(`apps/${app}/src`).values()].join('\n');
  const decorated = [...text.matchAll(/@Get\('([^']*)'\)/g)].map(([, path]) => `/${path}`);
  return new Set(
    /\bserveProbes\(|\bModelServer\.open\(/.test(text) ? [...decorated, '/metrics', '/livez', '/readyz'] : decorated,
  );
}

/** Names of all metrics that services of this repository tell. */
export function metricNames(): Set<string> {
  const texts = [
    'apps/gateway',
    'apps/ingestion',
    'apps/ranking',
    'apps/retrieval',
    'apps/trainer',
    'libs/platform/service',
  ]
    .flatMap((folder) => [...sourcesOf(`${folder}/src`).values()])
    .join('\n');
  return new Set([...texts.matchAll(/'(watchnext_[a-z0-9_]+)'/g)].map(([, name]) => name as string));
}
