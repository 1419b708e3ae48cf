import {
  appendFile,
  type FileHandle,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, type ProcessIdentity } from '@watchnext/folder-lock';
import fc from 'fast-check';
import type { SpoolDamagedError } from './errors';
import { Spool, type SpoolOptions } from './spool';

describe('a spool', () => {
  let directory: string;
  const opened: Spool[] = [];
  const open = async (options: Partial<SpoolOptions> = {}) => {
    const spool = await Spool.open({ directory, limitBytes: 1e6, ...options });
    opened.push(spool);
    return spool;
  };
  const records = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => Buffer.from(`record ${from + i}`));
  const textOf = (bytes: readonly Uint8Array[]) => bytes.map((record) => Buffer.from(record).toString());
  const drain = async (spool: Spool, maxRecords = 1_000) => {
    const all: string[] = [];
    while (!spool.isEmpty) {
      const { records: batch, end } = await spool.read(maxRecords, 1e6);
      all.push(...textOf(batch));
      await spool.advance(batch.length, end);
    }
    return all;
  };
  const segments = async () => (await readdir(directory)).filter((name) => name.endsWith('.spool')).sort();

  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'watchnext-spool-'))));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((spool) => spool.close()));
    await rm(directory, { recursive: true, force: true });
  });

  it('gives back records in order, over segments, which go when they are done', async () => {
    const spool = await open({ segmentBytes: 50 });
    for (let n = 0; n < 30; n += 3) await spool.append(records(n, n + 3));
    expect((await segments()).length).toBeGreaterThan(5);
    expect(await drain(spool, 4)).toEqual(textOf(records(0, 30)));
    expect(await segments()).toEqual([]);
    await spool.append(records(30, 31));
    expect(await drain(spool)).toEqual(['record 30']);
  });

  it('has the name of each segment on the disk once what begins it is, and takes nothing where it cannot have it', async () => {
    const spool = await open({ segmentBytes: 50 });
    const handle = await openFile(directory, 'r');
    const sync = jest.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync');
    await handle.close();
    try {
      sync.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' }));
      await expect(spool.append(records(0, 5))).rejects.toThrow(/cannot append to the spool .*EIO/);
      const syncs: number[] = [];
      for (let n = 0; n < 15; n += 5) {
        sync.mockClear();
        await spool.append(records(n, n + 2));
        await spool.append(records(n + 2, n + 5));
        syncs.push(sync.mock.calls.length);
      }
      expect(syncs).toEqual([1, 1, 1]);
    } finally {
      sync.mockRestore();
    }
    expect(await segments()).toHaveLength(3);
    expect(await drain(spool)).toEqual(textOf(records(0, 15)));
  });

  it('is bounded by records and bytes in what it gives at once, but gives one at least', async () => {
    const spool = await open();
    await spool.append([Buffer.alloc(100, 'a'), Buffer.alloc(100, 'b'), Buffer.alloc(300_000, 'c')]);
    expect((await spool.read(10, 150)).records).toHaveLength(1);
    expect((await spool.read(2, 1e6)).records).toHaveLength(2);
    const { end } = await spool.read(2, 1e6);
    await spool.advance(2, end);
    expect((await spool.read(10, 150)).records[0]).toHaveLength(300_000);
  });

  it('goes on after a restart where the last delivery ended', async () => {
    const first = await open({ segmentBytes: 50 });
    for (let n = 0; n < 20; n += 2) await first.append(records(n, n + 2));
    const { end } = await first.read(7, 1e6);
    await first.advance(7, end);
    await first.close();
    const second = await open();
    expect(second.recordCount).toBe(13);
    expect(await drain(second)).toEqual(textOf(records(7, 20)));
  });

  it('delivers nothing again, and ends empty, after a crash before the delivered segments were removed', async () => {
    const first = await open({ segmentBytes: 50 });
    for (let n = 0; n < 20; n += 2) await first.append(records(n, n + 2));
    const names = await segments();
    const before = await Promise.all(names.map((name) => readFile(join(directory, name))));
    const { end } = await first.read(13, 1e6);
    await first.advance(13, end);
    await first.close();
    expect((await segments()).length).toBeLessThan(names.length - 1);
    await Promise.all(names.map((name, i) => writeFile(join(directory, name), before[i] as Buffer)));

    const second = await open({ segmentBytes: 50 });
    expect(second.recordCount).toBe(7);
    expect(await drain(second, 3)).toEqual(textOf(records(13, 20)));
    expect([second.recordCount, await segments()]).toEqual([0, []]);
  });

  it('cuts off what a crash tore, wherever it tore it', async () => {
    const first = await open();
    await first.append(records(0, 5));
    await first.close();
    const [segment] = (await segments()) as [string];
    const whole = await readFile(join(directory, segment));
    const recordBytes = whole.length / 5;
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(join(directory, segment), whole);
      await truncate(join(directory, segment), length);
      const spool = await Spool.open({ directory, limitBytes: 1e6 });
      const wholeRecords = Math.floor(length / recordBytes);
      expect(spool.recordCount).toBe(wholeRecords);
      await spool.append(records(100, 101));
      expect(textOf((await spool.read(10, 1e6)).records)).toEqual([...textOf(records(0, wholeRecords)), 'record 100']);
      await spool.close();
    }
  });

  it('cuts off a tail whose checksum is wrong', async () => {
    const first = await open();
    await first.append(records(0, 2));
    await first.close();
    await appendFile(
      join(directory, (await segments())[0] as string),
      Buffer.from([3, 0, 0, 0, 1, 2, 3, 4, 97, 98, 99]),
    );
    expect(await drain(await open())).toEqual(textOf(records(0, 2)));
  });

  it('cuts off zeros that the disk has in place of a torn append', async () => {
    const first = await open();
    await first.append(records(0, 2));
    await first.close();
    await appendFile(join(directory, (await segments())[0] as string), Buffer.alloc(4_096));
    const second = await open({ onDamaged: (error) => expect(error).toBeUndefined() });
    expect(second.recordCount).toBe(2);
    await second.append(records(2, 3));
    expect(await drain(second)).toEqual(textOf(records(0, 3)));
  });

  describe('with damaged bytes', () => {
    let damages: SpoolDamagedError[];
    const reopen = (options: Partial<SpoolOptions> = {}) =>
      open({ ...options, onDamaged: (error) => damages.push(error) });
    const flipBit = async (name: string, byte: number) => {
      const bytes = await readFile(join(directory, name));
      bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte);
      await writeFile(join(directory, name), bytes);
      return bytes;
    };
    beforeEach(() => (damages = []));

    it('keeps what is whole behind it, wherever it is, and sets the damage aside', async () => {
      const first = await open();
      await first.append(records(0, 5));
      await first.close();
      const [name] = (await segments()) as [string];
      const whole = await readFile(join(directory, name));
      const recordBytes = whole.length / 5;
      for (let byte = 0; byte < 4 * recordBytes; byte++) {
        await writeFile(join(directory, name), whole);
        await rm(join(directory, `${name}.damaged`), { force: true });
        damages = [];
        const hurt = Math.floor(byte / recordBytes);
        const damaged = await flipBit(name, byte);
        const spool = await Spool.open({ directory, limitBytes: 1e6, onDamaged: (error) => damages.push(error) });
        const rest = records(0, 5).filter((_, n) => n !== hurt);
        expect([spool.recordCount, textOf((await spool.read(10, 1e6)).records)]).toEqual([4, textOf(rest)]);
        await spool.close();
        expect(await readFile(join(directory, `${name}.damaged`))).toEqual(
          damaged.subarray(hurt * recordBytes, (hurt + 1) * recordBytes),
        );
        expect(damages).toEqual([
          expect.objectContaining({ code: 'spool-damaged', damagedBytes: recordBytes, retriable: false }),
        ]);
        expect(damages[0]?.message).toContain(`${name}.damaged`);
      }
    });

    it('tells of it once, and goes on with appending and delivering', async () => {
      const first = await open();
      await first.append(records(0, 1_000));
      await first.close();
      const [name] = (await segments()) as [string];
      await flipBit(name, 20);
      const second = await reopen();
      await second.append(records(1_000, 1_001));
      await second.close();
      const third = await reopen();
      expect(damages).toHaveLength(1);
      expect(await drain(third)).toEqual(textOf([...records(0, 1), ...records(2, 1_001)]));
      expect(await segments()).toEqual([]);
    });

    it('takes a hole of zeros for no records, and keeps what is behind it', async () => {
      const first = await open();
      await first.append(records(0, 5));
      await first.close();
      const [name] = (await segments()) as [string];
      const bytes = await readFile(join(directory, name));
      const recordBytes = bytes.length / 5;
      await writeFile(join(directory, name), bytes.fill(0, recordBytes, 3 * recordBytes));
      const second = await reopen();
      expect(damages.map(({ damagedBytes }) => damagedBytes)).toEqual([2 * recordBytes]);
      expect(await drain(second)).toEqual(textOf([...records(0, 1), ...records(3, 5)]));
    });

    it('does so in every segment, and delivers nothing again that was delivered', async () => {
      const first = await open({ segmentBytes: 80 });
      for (let n = 0; n < 20; n += 5) await first.append(records(n, n + 5));
      await first.advance(2, (await first.read(2, 1e6)).end);
      await first.close();
      const names = (await segments()) as [string, string, string, string];
      const { length } = await readFile(join(directory, names[0]));
      await flipBit(names[0], length * 0.7);
      // The last record of a segment that others follow: no append was torn there.
      await flipBit(names[1], length - 1);
      const second = await reopen({ segmentBytes: 80 });
      expect(damages).toHaveLength(2);
      expect(await drain(second)).toEqual(textOf([...records(2, 3), ...records(4, 9), ...records(10, 20)]));
    });

    it('does not mind it in what was delivered', async () => {
      const first = await open();
      await first.append(records(0, 4));
      await first.advance(2, (await first.read(2, 1e6)).end);
      await first.close();
      await flipBit((await segments())[0] as string, 9);
      const second = await reopen();
      await second.append(records(4, 5));
      await second.close();
      expect(await drain(await reopen())).toEqual(textOf(records(2, 5)));
      expect(damages).toEqual([]);
    });
  });

  it('delivers everything again when its position is lost', async () => {
    const first = await open();
    await first.append(records(0, 4));
    await first.advance(2, (await first.read(2, 1e6)).end);
    await first.close();
    await rm(join(directory, 'position.json'));
    expect(await drain(await open())).toEqual(textOf(records(0, 4)));
  });

  it('refuses what is beyond its limit, all of it', async () => {
    const spool = await open({ limitBytes: 100 });
    await spool.append(records(0, 3));
    await expect(spool.append(records(3, 9))).rejects.toMatchObject({
      code: 'spool-full',
      limitBytes: 100,
      retriable: true,
    });
    expect(await drain(spool)).toEqual(textOf(records(0, 3)));
    await spool.append(records(3, 6));
    expect(await drain(spool)).toEqual(textOf(records(3, 6)));
  });

  it('takes over the folder of a process that is gone, not of one that lives', async () => {
    const claimOf = ({ pid, startedAt }: ProcessIdentity) =>
      join(directory, 'lock', `${pid}.${startedAt}.00000000-0000-4000-8000-000000000000.holds`);
    await mkdir(join(directory, 'lock'));
    await writeFile(claimOf({ pid: 999_999_999, startedAt: '1' }), '');
    await (await open()).close();
    await writeFile(claimOf(identify(process.ppid)), '');
    await expect(open()).rejects.toMatchObject({ code: 'spool-in-use', processId: process.ppid });
  });

  it('behaves like a queue, whatever is appended, delivered and restarted in whichever order', async () => {
    const step = fc.oneof(
      fc.record({ append: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }) }),
      fc.record({ deliver: fc.integer({ min: 1, max: 6 }) }),
      fc.constant({ restart: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const folder = await mkdtemp(join(directory, 'queue-'));
        let spool = await Spool.open({ directory: folder, limitBytes: 1e6, segmentBytes: 60 });
        const queue: Uint8Array[] = [];
        for (const one of steps) {
          if ('append' in one) {
            await spool.append(one.append);
            queue.push(...one.append);
          } else if ('deliver' in one) {
            const { records: batch, end } = await spool.read(one.deliver, 1e6);
            expect(batch.map((record) => [...record])).toEqual(
              queue.splice(0, one.deliver).map((record) => [...record]),
            );
            await spool.advance(batch.length, end);
          } else {
            await spool.close();
            spool = await Spool.open({ directory: folder, limitBytes: 1e6, segmentBytes: 60 });
          }
          expect(spool.recordCount).toBe(queue.length);
        }
        await spool.close();
      }),
      { seed: 23, numRuns: 60 },
    );
  });
});
