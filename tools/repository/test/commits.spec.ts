/** What the documents say was measured on a commit, a reader must be able to check out. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitPaths } from '../src/git-paths';

const ROOT = join(__dirname, '..', '..', '..');

/** A shallow clone and an unpacked archive have no history to look in. */
function history(): string[] | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26 });
  try {
    if (git('rev-parse', '--is-shallow-repository').trim() === 'true') return undefined;
    return git('rev-list', 'HEAD').trim().split('\n');
  } catch {
    return undefined;
  }
}

/** Seven hex digits and more, with a letter and a digit among them; those in code are digests and ids. */
function commitsIn(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```|`[^`\n]+`/gm, '');
  return [...prose.matchAll(/\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{7,40}\b/g)].map(([hash]) => hash);
}

const commits = history();
const withHistory = commits ? describe : describe.skip;

withHistory('commits that documents name, where the whole history is there', () => {
  it('are ancestors of HEAD', () => {
    const documents = gitPaths(ROOT, 'ls-files', 'docs').filter((path) => path.endsWith('.md'));
    const named = documents.flatMap((path) =>
      commitsIn(readFileSync(join(ROOT, path), 'utf8')).map((hash) => ({ path, hash })),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(({ hash }) => !commits!.some((commit) => commit.startsWith(hash)))).toEqual([]);
  });
});

describe('what counts as a commit', () => {
  it('is a hash in prose, not an id or a digest in code, a number or a word', () => {
    const text =
      'measured at 4757ea3 (`14d26656…923600`), 1234567 of the effaced\n```\n019b76da-aa\n```\nsince 164a9aa2.';
    expect(commitsIn(text)).toEqual(['4757ea3', '164a9aa2']);
  });
});
