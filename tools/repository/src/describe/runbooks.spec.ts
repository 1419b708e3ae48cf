/** What documents tell to look at and to run must be there. Decisions are of their day. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { APPS, ROOT, sourcesUnder } from './sources';

const FOLDERS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs',
  'docs/results',
  'docs/runbooks',
  'docs/stories',
  'infra',
  'tools/evaluate',
  ...APPS.map((app) => `apps/${app}`),
];
const documents = FOLDERS.flatMap((folder) =>
  folder.endsWith('.md')
    ? [folder]
    : readdirSync(join(ROOT, folder))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`),
);
/** Without their comments: what those tell of is said by no program. */
const sources = ['apps', 'libs/platform', 'libs/domain', 'tools']
  .flatMap((folder) => sourcesUnder(join(ROOT, folder)))
  .filter((path) => !/node_modules|\/dist\/|\/out-tsc\//.test(path))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')
  .replace(/^\s*(?:\/\*[^]*?\*\/|\/\/.*$)/gm, '');
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
);

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** What stands between the lines of a listing is no heading, and no link. */
const withoutListings = (text: string) => text.replace(/^ *```[^]*?^ *```/gm, '');

/** As GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

function brokenLinks(path: string, text: string): string[] {
  return [...withoutListings(text).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
    ([, file = '', anchor]) => {
      const target = file === '' ? join(ROOT, path) : resolve(ROOT, dirname(path), file);
      if (!existsSync(target)) return [`${path}: ${file}`];
      if (anchor === undefined) return [];
      const headings = all(withoutListings(readFileSync(target, 'utf8')), /^#{1,6} (.+)$/gm).map(anchorOf);
      return headings.includes(anchor) ? [] : [`${path}: ${file}#${anchor}`];
    },
  );
}

const MANIFESTS = join(ROOT, 'infra', 'kubernetes');
const manifestsOf = (ending: string) =>
  readdirSync(MANIFESTS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(MANIFESTS, name), 'utf8'));
const alerts = manifestsOf('.yaml').flatMap((text) => all(text, /^ *- alert: (\w+)$/gm));
const titles = manifestsOf('.json').flatMap((text) => all(text, /"title": "([^"]+)"/g));
/** As "cronjob trainer". */
const objects = manifestsOf('.yaml')
  .flatMap((text) => text.split(/^---$/m))
  .map((text) =>
    [/^kind: (\w+)$/m.exec(text)?.[1]?.toLowerCase(), /^metadata:\n  name: (\S+)$/m.exec(text)?.[1]].join(' '),
  );

/** Of kubectl. */
const FOREIGN_OPTIONS = ['--previous'];

/** What is quoted in a runbook and is a sentence, and no command, is what a program says: however the text around it puts that. */
const phrasesIn = (text: string) =>
  all(text, /`([^`\n]+)`/g).filter(
    (quoted) => /^[a-z’]+(?:[;:,]? [a-z’]+){2,}$/.test(quoted) && !/^(?:npm|npx|node|kubectl) /.test(quoted),
  );

describe.each(documents)('%s', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');

  it('names metrics, settings and log lines that the code has', () => {
    const named = [
      ...all(text, /\b(watchnext_[a-z0-9_]*[a-z0-9])/g),
      ...all(text, /\b(WATCHNEXT_[A-Z0-9_]*[A-Z0-9])/g),
      ...all(text, /\blog `([^`]+)`/g),
      ...(path.startsWith('docs/runbooks/') ? phrasesIn(text) : []),
    ];
    expect(named.filter((name) => !sources.includes(name))).toEqual([]);
  });

  it('runs commands that there are', () => {
    const run = all(text, /npm run ([a-z][a-z:-]*)/g);
    expect(run.filter((script) => !scripts.includes(script))).toEqual([]);
  });

  it('links to files and headings that there are', () => {
    expect(brokenLinks(path, text)).toEqual([]);
  });

  it('names alerts, panels and objects of Kubernetes that the manifests have', () => {
    expect(all(text, /\b(WatchNext[A-Z]\w+)/g).filter((name) => !alerts.includes(name))).toEqual([]);
    const panels = path.startsWith('docs/runbooks/') ? all(text, /(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)/g) : [];
    expect(panels.filter((panel) => !titles.some((title) => title.startsWith(panel)))).toEqual([]);
    const told = [...text.matchAll(/\bkubectl [^`\n]*?\b(cronjob|service|scaledobject)[/ ]([a-z]+(?:-[a-z]+)*)/g)];
    const named = told.map(([, kind, name]) => `${kind} ${name}`);
    expect(named.filter((one) => !objects.includes(one))).toEqual([]);
  });

  it('names files and options that there are', () => {
    const paths = all(text, /`((?:apps|libs|tools|infra|docs)\/[\w./-]+)`/g).filter((one) => !one.includes('/dist/'));
    expect(paths.filter((one) => !existsSync(join(ROOT, one)))).toEqual([]);
    const options = all(text, /`(--[a-z][a-z0-9-]*)/g).filter((one) => !FOREIGN_OPTIONS.includes(one));
    expect(options.filter((one) => !new RegExp(`['"\`]${one}[ '"\`=<,]`).test(sources))).toEqual([]);
  });
});

it('decisions link to files and headings that there are', () => {
  const decisions = readdirSync(join(ROOT, 'docs', 'decisions')).map((name) => `docs/decisions/${name}`);
  expect(decisions.flatMap((path) => brokenLinks(path, readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
});

it('the README of ingestion names each of its programs', () => {
  const readme = readFileSync(join(ROOT, 'apps', 'ingestion', 'README.md'), 'utf8');
  const programs = sourcesUnder(join(ROOT, 'apps', 'ingestion', 'src', 'commands')).map((path) =>
    basename(path, '.ts'),
  );
  const told = all(readme, /`npm run ([a-z-]+)`/g);
  expect(told.sort()).toEqual(programs.filter((name) => name !== 'command').sort());
});

describe('docs/runbooks/gateway.md', () => {
  it('says what to do about each code of an answer that is no fault of the request', () => {
    const gateway = sourcesUnder(join(ROOT, 'apps/gateway/src'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const codes = [
      ...all(gateway, /new ApiError\(\s*(?:421|5\d\d),\s*'([a-z-]+)'/g),
      ...all(gateway, /\b(?:sendAgain\(|return \[)'([a-z-]+)'/g),
    ];
    expect(codes).toEqual(
      expect.arrayContaining(['misdirected', 'key-unavailable', 'key-refused', 'collector-failed']),
    );
    const runbook = readFileSync(join(ROOT, 'docs/runbooks/gateway.md'), 'utf8');
    expect(codes.filter((code) => !runbook.includes(`\`${code}\``))).toEqual([]);
  });
});
