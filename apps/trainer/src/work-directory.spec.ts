import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { identify } from '@watchnext/folder-lock';
import { makeWorkDirectory } from './work-directory';

let parent: string;
beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'watchnext-work-'))));
afterEach(() => rmSync(parent, { recursive: true }));

const folder = (name: string) => mkdirSync(join(parent, name));
const { pid, startedAt } = identify(process.pid);

describe("a run's work directory", () => {
  it('is made, named by its process', async () => {
    const made = await makeWorkDirectory(join(parent, 'trainer'));
    expect(existsSync(made)).toBe(true);
    expect(basename(made)).toMatch(new RegExp(`^run-${pid}-${startedAt}-\\w{6}$`));
  });

  it('replaces those of dead runs, and leaves those of living ones and what is no run', async () => {
    const living = identify(process.ppid);
    const left = [`run-${living.pid}-${living.startedAt}-aaaaaa`, `run-${living.pid}-aaaaaa`, 'checkpoints'];
    for (const name of [`run-${2 ** 30}-1-aaaaaa`, `run-${2 ** 30}-aaaaaa`, ...left]) folder(name);
    const made = basename(await makeWorkDirectory(parent));
    expect(readdirSync(parent).sort()).toEqual([made, ...left].sort());
  });

  it("replaces those of an earlier process with this one's number, as every container's first is 1", async () => {
    folder(`run-${pid}-1-aaaaaa`); // On Linux alone can it be told from this process.
    folder(`run-${pid}-aaaaaa`);
    folder(`run-${pid}--aaaaaa`);
    const made = basename(await makeWorkDirectory(parent));
    expect(readdirSync(parent)).toEqual(startedAt === '' ? [`run-${pid}-1-aaaaaa`, made].sort() : [made]);
  });

  (startedAt === '' ? it.skip : it)("leaves those of this process's other runs", async () => {
    const made = [await makeWorkDirectory(parent), await makeWorkDirectory(parent)].map((path) => basename(path));
    expect(readdirSync(parent).sort()).toEqual(made.sort());
  });
});
