/** What nx believes of the workspace: who depends on whom, and what a release does. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, ROOT } from '../src/describe/sources';
import { copyWorkspace } from '../src/workspace-copy';

const NX = join(ROOT, 'node_modules', '.bin', 'nx');

function affectedBy(...files: string[]): string[] {
  const output = execFileSync(NX, ['show', 'projects', '--affected', `--files=${files}`, '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false' },
  });
  return (JSON.parse(output) as string[]).sort();
}

/** Run the built apps, so they must be tested anew with each of them. */
const RUN_APPS = ['dev', 'end-to-end', 'kubernetes', 'launcher', 'repository'];

describe('nx affected', () => {
  it('takes a change of the contract to everything that speaks it, all apps among them', () => {
    const affected = affectedBy('libs/contract/proto/watchnext/event/v1/event.proto');
    expect(affected).toEqual(expect.arrayContaining([...APPS, ...RUN_APPS, 'contract', 'features', 'producer-client']));
    // These speak no contract.
    expect(affected).not.toEqual(expect.arrayContaining(['config']));
  });

  it.each(['ranking', 'trainer'])('takes a change of %s to nobody but the tools that run it', (app) => {
    const affected = affectedBy(`apps/${app}/src/main.ts`);
    expect(affected).toEqual(expect.arrayContaining([app, ...RUN_APPS]));
    const others = affected.filter((project) => project !== app && !RUN_APPS.includes(project));
    const kinds = others.map((project) => kindOf(project));
    expect(new Set(kinds)).not.toContain('app');
    expect(new Set(kinds)).not.toContain('lib');
  });

  it.each([
    'infra/kubernetes/base/gateway.yaml',
    'infra/kubernetes/components/monitoring/dashboards/retrieval.json',
    'infra/docker/Dockerfile',
    'docs/kubernetes.md',
  ])('takes a change of %s to what holds it against the code', (file) => {
    expect(affectedBy(file)).toContain('kubernetes');
  });

  it('takes a change of a document to nobody', () => {
    expect(affectedBy('docs/architecture.md')).toEqual([]);
  });
});

function kindOf(project: string): 'app' | 'lib' | 'tool' {
  if (APPS.includes(project)) return 'app';
  return /^(\w+)/.exec(locationOf(project))?.[1] === 'libs' ? 'lib' : 'tool';
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { resolved?: string }>;
};

const locationOf = (project: string) => lock.packages[`node_modules/@watchnext/${project}`]?.resolved ?? '';

describe('nx release', () => {
  it('versions, tags and tells of the apps that a plan names, and of no other', () => {
    const copy = copyWorkspace();
    try {
      const plan = '---\nranking: patch\n---\n\nScores explain themselves.\n';
      const plans = join(copy.root, '.nx', 'version-plans');
      // Those of the workspace wait for their own release.
      rmSync(plans, { recursive: true, force: true });
      mkdirSync(plans, { recursive: true });
      writeFileSync(join(plans, 'plan.md'), plan);
      copy.run('git', 'add', '--all');
      copy.run('git', 'commit', '--quiet', '--message', 'a plan');
      const { version } = JSON.parse(readFileSync(join(ROOT, 'apps', 'ranking', 'package.json'), 'utf8'));
      const [major, minor, patch] = (version as string).split('.');
      const next = `${major}.${minor}.${Number(patch) + 1}`;
      const said = copy.run(join(copy.root, 'node_modules', '.bin', 'nx'), 'release', '--dry-run', '--skip-publish');
      expect(said).toContain(`apps/ranking/CHANGELOG.md for ranking@${next}`);
      expect(said).toContain('Scores explain themselves.');
      expect([...said.matchAll(/CHANGELOG\.md for (\w+)@/g)].map(([, app]) => app)).toEqual(['ranking']);
    } finally {
      copy.remove();
    }
  });
});
