/** What goes wrong: damaged files are named, and a killed writer leaves nothing half. */
import { eventually } from '@watchnext/waiting/testing';
import { type ArchiveSuite, archiveRecords, range, readAll, TOPIC } from './support';
import { TEST_LIMIT_MS } from '../../test-limit';

export function describeDamage(suite: ArchiveSuite): void {
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['truncated', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['emptied', () => Buffer.alloc(0)],
    ['overwritten', (bytes) => Buffer.alloc(bytes.length, 'x')],
  ])(
    'names a file that was %s',
    async (_name, change) => {
      for (const from of [0, 10, 20]) await suite.archive.write(TOPIC, 0, archiveRecords(from, 10));
      const damaged = (await suite.under.files())[1] as string;
      await suite.under.damage(damaged, change);
      const reader = await suite.under.open();
      for (const order of ['offset', 'key'] as const) {
        const error = await readAll(reader, TOPIC, { order }).catch((reason: unknown) => reason);
        expect(error).toMatchObject({
          code: 'archive-corrupt',
          retriable: false,
          path: expect.stringContaining(damaged),
        });
      }
      await expect(reader.extent(TOPIC)).rejects.toMatchObject({ code: 'archive-corrupt' });
    },
    TEST_LIMIT_MS,
  );

  suite.spec('names a file with any one bit flipped', async () => {
    await suite.archive.write(TOPIC, 0, archiveRecords(0, 300));
    const [file] = (await suite.under.files()) as [string];
    const reader = await suite.under.open();
    for (const share of [0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999]) {
      const flip = (bytes: Buffer) => {
        const changed = Buffer.from(bytes);
        const place = Math.floor(bytes.length * share);
        changed[place] = (changed[place] as number) ^ 0x04;
        return changed;
      };
      await suite.under.damage(file, flip);
      for (const order of ['offset', 'key'] as const) {
        const error = await readAll(reader, TOPIC, { order }).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'archive-corrupt', path: expect.stringContaining(file) });
      }
      await suite.under.damage(file, flip);
    }
    expect(await suite.readOffsets()).toEqual(range(0, 300));
  });

  suite.spec('has all that was acknowledged, and nothing half, after writers were killed in the middle', async () => {
    for (const runCount of [1, 3]) {
      const writer = suite.startWriter();
      await eventually(async () => expect(writer.ofKind('acknowledged').length).toBeGreaterThanOrEqual(runCount));
      await writer.kill();
      const acknowledged = Math.max(...writer.ofKind('acknowledged').map(({ nextOffset }) => nextOffset));
      const next = await suite.archive.nextOffset(TOPIC, 0);
      expect(next).toBeGreaterThanOrEqual(acknowledged);
      expect(await suite.readOffsets()).toEqual(range(0, next as number));
    }
  });
}
