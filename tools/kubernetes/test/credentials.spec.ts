/** Credentials give no more than who has them needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnlessMissing } from '@watchnext/testing';
import { parseKeyFile } from '../../../apps/ingestion/src/access/api-keys';
import { KIND_NAMES } from '../../../apps/ingestion/src/collect/event-json';
import { environmentOf, missingForManifests, REPOSITORY, sourcesOf, workloadsOf } from '../src';
import { built } from './built';

interface KeyOfSecret {
  readonly name?: string;
  readonly key: string;
}

/** Of any object of a manifest. */
interface SecretUse {
  readonly secretKeyRef?: KeyOfSecret;
  readonly secretTargetRef?: readonly KeyOfSecret[];
  readonly secretName?: string;
  readonly items?: readonly KeyOfSecret[];
}

describeUnlessMissing(missingForManifests(), 'users of Redis', () => {
  it('only who folds events may write states', () => {
    const writing = (folder: string) =>
      [...sourcesOf(folder)].filter(([, text]) => /\bstore\.(commit|clear)\(/.test(text)).map(([name]) => name);
    expect(writing('apps/gateway/src')).toEqual([]);
    const writers = writing('apps/ingestion/src');
    expect(writers.length).toBeGreaterThan(0);
    expect(writers.filter((name) => !/^(materialise|rebuild)\//.test(name))).toEqual([]);
    const objects = built('overlays/production');
    const secrets = workloadsOf(objects).flatMap((workload) => {
      const user = environmentOf(workload, objects).get('WATCHNEXT_REDIS_USERNAME')?.value;
      return user === undefined ? [] : [[workload.name, user.split('/')[0]]];
    });
    expect(secrets.sort()).toEqual([
      ['expire', 'redis-reader'],
      ['gateway', 'redis-reader'],
      ['ingestion-archive', 'redis-reader'],
      ['ingestion-collect', 'redis-reader'],
      ['ingestion-materialise', 'redis'],
      ['rebuild', 'redis'],
      ['restore-log', 'redis-reader'],
    ]);
  });
});

describeUnlessMissing(missingForManifests(), 'accounts of the object store', () => {
  it('only who merges the archive may remove files of it', () => {
    const apps = ['gateway', 'ingestion', 'ranking', 'retrieval', 'trainer'];
    const removing = apps.flatMap((app) =>
      [...sourcesOf(`apps/${app}/src`)]
        .filter(([, text]) => /\barchive\.(merge|rewrite)\(/.test(text))
        .map(([name]) => `apps/${app}/dist/${name.replace(/\.ts$/, '.js')}`),
    );
    expect(removing).toEqual(['apps/ingestion/dist/commands/merge-archive.js']);
    const workloads = workloadsOf(built('overlays/production'));
    const runs = (program: string) => workloads.filter(({ container }) => container.args?.[0] === program);
    const accounts = removing.flatMap(runs).map(({ pod }) => pod.serviceAccountName as string);
    expect(accounts).toEqual(['merge-archive']);
    // Nobody else has it, as nobody else has its rights.
    expect(workloads.filter(({ pod }) => pod.serviceAccountName === 'merge-archive')).toHaveLength(1);
  });
});

describeUnlessMissing(missingForManifests(), 'Secrets', () => {
  /** As "redis: password". */
  const namedIn = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { secretKeyRef, secretTargetRef = [], secretName, items = [] } = value as SecretUse;
    const ofVolume = secretName === undefined ? [] : items.map(({ key }) => ({ name: secretName, key }));
    const named = [secretKeyRef ?? [], secretTargetRef, ofVolume].flat().map(({ name, key }) => `${name}: ${key}`);
    return [...named, ...Object.values(value).flatMap(namedIn)];
  };

  const document = readFileSync(join(REPOSITORY, 'docs', 'kubernetes.md'), 'utf8');

  it('that production takes are those that docs/kubernetes.md says are to be made, with their keys', () => {
    const rows = document.matchAll(/^ *\| ((?:`[a-z-]+`(?:, )?)+) \| ((?:`[a-z.]+`(?:, )?)+) \| /gm);
    const words = (cell = '') => cell.replaceAll('`', '').split(', ');
    const told = [...rows].flatMap(([, names, keys]) =>
      words(names).flatMap((name) => words(keys).map((key) => `${name}: ${key}`)),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(told.sort()).toEqual([...new Set(built('overlays/production').flatMap(namedIn))].sort());
  });

  it('of who reads states are told with the jobs that have them', () => {
    const [row = ''] = /^ *\| `redis-reader` \|.*$/m.exec(document) ?? [];
    const jobs = workloadsOf(built('overlays/production')).filter(
      ({ kind, object }) => kind === 'CronJob' && namedIn(object).includes('redis-reader: password'),
    );
    expect(jobs.length).toBeGreaterThan(1);
    expect(jobs.map(({ name }) => name).filter((name) => !row.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the gateway’s entry among the keys of producers', () => {
  const VIEWERS = ['watch', 'search', 'dismissal', 'impressionsViewed'];
  const entryIn = (path: string, line: RegExp) =>
    line.exec(readFileSync(join(REPOSITORY, path), 'utf8'))?.[1]?.replace('SHA256', '0'.repeat(64)) ?? '';

  it.each([
    ['infra/kubernetes/overlays/production/credentials/api-keys.yaml', /^# +(gateway .+)$/m],
    ['docs/kubernetes.md', /`(gateway SHA256 [^`]+)`/],
  ])('in %s is one that the collector takes, for what viewers do alone, and within limits', (path, line) => {
    expect(parseKeyFile(entryIn(path, line))).toMatchObject([
      { name: 'gateway', kinds: VIEWERS, eventsPerSecond: 2_000, bytesPerSecond: 4_000_000 },
    ]);
  });

  it('lets through what the gateway’s own page sends', () => {
    const page = join(REPOSITORY, 'apps', 'gateway', 'public', 'js');
    const text = readdirSync(page)
      .map((name) => readFileSync(join(page, name), 'utf8'))
      .join('\n');
    const sent = KIND_NAMES.filter((kind) => new RegExp(`\\{ ${kind}[:,} ]`).test(text));
    expect(sent).toContain('impressionsViewed');
    expect(VIEWERS).toEqual(expect.arrayContaining(sent));
  });
});
