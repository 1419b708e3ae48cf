import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TOPICS } from '@watchnext/contract';
import { type EventArchive, openParquetArchive } from '@watchnext/event-archive';
import { archiveRecords, ChildProgram, describeEventArchive, readAll, temporaryDirectory } from '../src';
import { open } from './drivers/parquet-archive';

describeEventArchive('Parquet in a folder', async () => {
  const directory = await temporaryDirectory('event-archive');
  const handles: EventArchive[] = [];
  return {
    async open() {
      const handle = await open(directory.path);
      handles.push(handle);
      return handle;
    },
    module: require.resolve('./drivers/parquet-archive'),
    location: directory.path,
    async files() {
      const names = await readdir(directory.path, { recursive: true });
      return names.filter((name) => name.endsWith('.parquet')).sort();
    },
    async damage(file, change) {
      const path = join(directory.path, file);
      const changed = change(await readFile(path));
      await rm(path);
      if (changed) await writeFile(path, changed);
    },
    async dispose() {
      await Promise.all(handles.map((handle) => handle.close()));
      await directory.remove();
    },
  };
});

describe('Parquet archive on a disk that gives trouble', () => {
  let directory: { path: string; remove(): Promise<void> };
  let archive: EventArchive;
  beforeEach(async () => {
    directory = await temporaryDirectory('event-archive');
    archive = await open(directory.path);
  });
  afterEach(async () => {
    await archive.close();
    await directory.remove();
  });

  it('fails a write for which there is no room, and leaves nothing of it', async () => {
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'ulimit -f 16 && exec "$0" --conditions=@watchnext/source --require "$1" "$2" "$3" 20000',
      process.execPath,
      require.resolve('../register-typescript.js'),
      require.resolve('./processes/full-disk-archiver'),
      directory.path,
    ]);
    const outcome = JSON.parse(stdout) as { code: string; path: string; names: string[] };
    expect(outcome).toMatchObject({ code: 'archive-write', names: [] });
    expect(outcome.path).toMatch(/dt=2026-11-23\/p00000-0000000000000000-0000000000019999\.parquet$/);
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(10);
  });

  it('fails a write where its folder cannot be made, and goes on once it can', async () => {
    await writeFile(join(directory.path, TOPICS.activity), 'a file in the way');
    const write = archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    await expect(write).rejects.toMatchObject({
      code: 'archive-write',
      retriable: true,
      path: expect.stringContaining(directory.path),
    });
    await rm(join(directory.path, TOPICS.activity));
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await archive.nextOffset(TOPICS.activity, 0)).toBe(10);
  });

  it('ignores what a crash left, and removes it once nobody can be writing it', async () => {
    const incoming = join(directory.path, TOPICS.activity, '.incoming');
    await mkdir(incoming, { recursive: true });
    await writeFile(join(incoming, 'p0-old'), 'half a file');
    await writeFile(join(incoming, 'p0-new'), 'half a file');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(join(incoming, 'p0-old'), longAgo, longAgo);
    expect(await archive.extent(TOPICS.activity)).toMatchObject({ recordCount: 0 });
    await archive.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await readdir(incoming)).toEqual(['p0-new']);
    expect(await readAll(archive, TOPICS.activity, { order: 'key' })).toHaveLength(10);
  });

  it('lies in folders whose names are patterns to DuckDB', async () => {
    const odd = await open(join(directory.path, "it's [1] * {a,b}?"));
    await odd.write(TOPICS.activity, 0, archiveRecords(0, 10));
    expect(await readAll(odd, TOPICS.activity, { order: 'offset' })).toHaveLength(10);
    await odd.close();
  });
});

describe('Parquet archive whose process was killed', () => {
  it('leaves what DuckDB had spilled to the next one, which removes it', async () => {
    const directory = await temporaryDirectory('spilled');
    const temporary = join(directory.path, 'tmp');
    const location = join(directory.path, 'archive');
    await mkdir(temporary);
    const open = async () => {
      const archive = openParquetArchive(location, { spillParent: temporary });
      await archive.extent(TOPICS.activity);
      return archive;
    };
    const program = ChildProgram.start<{ kind: 'open' }>(join(__dirname, 'processes', 'open-archive.ts'), [location], {
      TMPDIR: temporary,
    });
    await program.has('open');
    const [folder] = (await readdir(temporary)).filter((name) => name.startsWith('watchnext-duckdb-')) as [string];
    expect(folder).toContain(`-${program.process.pid}-`);
    await writeFile(join(temporary, folder, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'what stands for rows');

    // One that comes and goes meanwhile takes its own with it, and leaves it what it needs.
    await (await open()).close();
    const ofDuckDb = async () => (await readdir(temporary)).filter((name) => name.startsWith('watchnext-duckdb-'));
    expect(await ofDuckDb()).toEqual([folder]);
    await program.kill();
    expect(await readdir(join(temporary, folder))).toHaveLength(1);

    const next = await open();
    expect(await ofDuckDb()).not.toContain(folder);
    await next.close();
    expect(await ofDuckDb()).toEqual([]);
    await directory.remove();
  });
});
