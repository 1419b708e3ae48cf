import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeOwnFolder } from './own-folder';
import { identify } from './process-identity';

let parent: string;
beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'watchnext-work-'))));
afterEach(() => rmSync(parent, { recursive: true }));

const folder = (name: string) => mkdirSync(join(parent, name));
const { pid, startedAt } = identify(process.pid);

describe("a process's own folder", () => {
  it('is made, named by its process, for its user alone', async () => {
    const made = await makeOwnFolder(join(parent, 'trainer'), 'run');
    expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(basename(made)).toMatch(new RegExp(`^run-${pid}-${startedAt}-[0-9a-f]{8}-\\w{6}$`));
  });

  it('replaces those of dead processes, and leaves those of living ones and what has another name', async () => {
    const living = identify(process.ppid);
    const left = [
      `run-${living.pid}-${living.startedAt}-aaaaaa`,
      `run-${living.pid}-aaaaaa`,
      'checkpoints',
      `rerun-${2 ** 30}-1-aaaaaa`,
      `run-of-${2 ** 30}-1-aaaaaa`,
    ];
    for (const name of [`run-${2 ** 30}-1-aaaaaa`, `run-${2 ** 30}-aaaaaa`, ...left]) folder(name);
    const made = basename(await makeOwnFolder(parent, 'run'));
    expect(readdirSync(parent).sort()).toEqual([made, ...left].sort());
  });

  it("replaces those of an earlier process with this one's number, as every container's first is 1", async () => {
    folder(`run-${pid}-1-aaaaaa`); // On Linux alone can it be told from this process.
    folder(`run-${pid}-aaaaaa`);
    folder(`run-${pid}--aaaaaa`);
    const made = basename(await makeOwnFolder(parent, 'run'));
    expect(readdirSync(parent)).toEqual(startedAt === '' ? [`run-${pid}-1-aaaaaa`, made].sort() : [made]);
  });

  it('leaves those of other hosts, where they share it, until nobody has touched them for a day', async () => {
    const dayAgo = new Date(Date.now() - 25 * 3_600_000);
    const touch = (name: string) => utimesSync(join(parent, name), dayAgo, dayAgo);
    const [living, dead] = ['run-1-1-00000000-aaaaaa', `run-${2 ** 30}-1-00000000-bbbbbb`];
    for (const name of [living, dead, 'run-1-1-00000000-cccccc']) folder(name);
    // One is written to, though its folder is old.
    writeFileSync(join(parent, living, 'spill'), '');
    for (const name of [living, 'run-1-1-00000000-cccccc']) touch(name);
    const made = basename(await makeOwnFolder(parent, 'run', { isShared: true }));
    expect(readdirSync(parent).sort()).toEqual([made, living, dead].sort());
    touch(join(living, 'spill'));
    touch(living);
    const second = basename(await makeOwnFolder(parent, 'run', { isShared: true }));
    expect(readdirSync(parent).sort()).toEqual([made, second, dead].sort());
    // Where none of another host can be at work they are those of the container before.
    const alone = basename(await makeOwnFolder(parent, 'run'));
    expect(readdirSync(parent).sort()).toEqual([made, second, alone].sort());
  });

  (startedAt === '' ? it.skip : it)('leaves those that this process made before', async () => {
    const made = [await makeOwnFolder(parent, 'run'), await makeOwnFolder(parent, 'run')].map((path) => basename(path));
    expect(readdirSync(parent).sort()).toEqual(made.sort());
  });
});
