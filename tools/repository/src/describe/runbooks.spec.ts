/** What documents tell to look at and to run must be there. Decisions are of their day. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { APPS, ROOT, sourcesUnder } from './sources';

const FOLDERS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs',
  'docs/results',
  'docs/runbooks',
  'infra',
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

  it('links to files that there are', () => {
    const links = all(text, /\]\(((?!https?:)[^)#]+)(?:#[^)]*)?\)/g);
    expect(links.filter((link) => !existsSync(resolve(ROOT, dirname(path), link)))).toEqual([]);
  });
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
