import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, ROOT } from '../src/describe/sources';

const rules = readFileSync(join(ROOT, 'CODEOWNERS'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/))
  .map(([pattern = '', ...owners]) => ({ pattern, owners }));

const ownersOf = (folder: string) =>
  rules.filter(({ pattern }) => pattern === '*' || `/${folder}/`.startsWith(pattern)).at(-1)?.owners;

describe('CODEOWNERS', () => {
  it('names folders that there are, and one owner at least for each', () => {
    const wrong = rules.filter(
      ({ pattern, owners }) => owners.length === 0 || (pattern !== '*' && !existsSync(join(ROOT, pattern))),
    );
    expect(wrong).toEqual([]);
  });

  it.each(APPS)('gives %s to the team that its README names', (app) => {
    const [, team] = /^Owned by `(@watchnext\/[\w-]+)`/m.exec(
      readFileSync(join(ROOT, 'apps', app, 'README.md'), 'utf8'),
    ) ?? [undefined, 'nobody'];
    expect(ownersOf(`apps/${app}`)).toEqual([team]);
  });

  it('asks every team that speaks a contract', () => {
    expect(ownersOf('libs/contract')).toEqual(
      expect.arrayContaining(['@watchnext/ingestion', '@watchnext/serving', '@watchnext/models']),
    );
  });
});
