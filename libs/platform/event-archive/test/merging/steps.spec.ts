/** A merge alone, at each of its steps: what readers see, and what a kill leaves. */
import fc from 'fast-check';
import { type ArchiveFile, byRange, identityOf } from '../../src/archive-files';
import { planReading } from '../../src/read-plan';
import { killedAt, type MergingWorld, openMergingWorld, plain, wasKilled } from './world';

describe('a merge, between any two of its steps', () => {
  let world: MergingWorld;
  beforeEach(async () => (world = await openMergingWorld([3, 2, 4, 1])));
  afterEach(() => world.close());

  /** The files there were before each step of two merges, of which the second removes what the first has replaced. */
  async function historyOfTwo(look: () => Promise<void>): Promise<ArchiveFile[][][]> {
    const histories: ArchiveFile[][][] = [];
    for (const options of [{}, {}]) {
      const history: ArchiveFile[][] = [];
      const note = async () => {
        history.push(await world.files());
        await look();
      };
      await world.merge(options, note);
      await note();
      histories.push(history);
      await world.age();
    }
    expect(histories[0]!.at(-1)).toHaveLength(6);
    expect(histories[1]!.at(-1)).toHaveLength(2);
    return histories;
  }

  it('shows readers every record once, in either order', async () => {
    const expected = plain(world.records);
    await historyOfTwo(async () => {
      expect(plain(await world.read())).toEqual(expected);
      expect(plain(await world.read('key')).sort()).toEqual([...expected].sort());
    });
  });

  it('shows them to one too whose listing takes as long as all steps of a merge, and sees each name at another time', async () => {
    const histories = await historyOfTwo(async () => undefined);
    const wanted = world.records.map(({ offset }) => offset);
    fc.assert(
      fc.property(fc.constantFrom(...histories), fc.array(fc.nat(), { maxLength: 8 }), (history, times) => {
        const names = new Map(history.flat().map((file) => [file.path, file]));
        const at = names.size === 0 ? [] : times.map((time) => time % history.length).sort((a, b) => a - b);
        // In the order of names, as object stores and folders read one list them.
        const listed = [...names.keys()].sort().flatMap((path, i) => {
          const files = history[at[Math.min(i, at.length - 1)] ?? 0] as ArchiveFile[];
          return files.filter((file) => file.path === path);
        });
        const plans = planReading(listed.sort(byRange));
        expect(plans.map(({ gap }) => gap)).toEqual([undefined]);
        const read = plans.flatMap(({ parts }) =>
          parts.flatMap(({ file, fromOffset }) => {
            const from = fromOffset ?? file.firstOffset;
            return Array.from({ length: file.lastOffset - from + 1 }, (_, i) => from + i);
          }),
        );
        expect(read).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['that places', false],
    ['that removes', true],
  ])('may be killed, in a run %s, and ends as if it had not been', async (_, isRemoving) => {
    const steps = await stepCount(isRemoving);
    expect(steps).toBeGreaterThan(5);
    for (let at = 0; at < steps; at++) {
      const killed = await openMergingWorld([3, 2, 4, 1]);
      try {
        if (isRemoving) {
          await killed.merge();
          await killed.age();
        }
        expect(wasKilled(await killed.merge({}, killedAt(at)).catch((error: unknown) => error))).toBe(true);
        expect(plain(await killed.read())).toEqual(plain(killed.records));
        for (let run = 0; run < 2; run++) {
          expect(await killed.merge()).toMatchObject({ changedCount: 0, leftAlone: [] });
          await killed.age();
        }
        await killed.merge();
        expect((await killed.files()).map(identityOf)).toEqual(await endOfWhole());
        expect(plain(await killed.read())).toEqual(plain(killed.records));
      } finally {
        await killed.close();
      }
    }
  });

  async function stepCount(isRemoving: boolean): Promise<number> {
    if (isRemoving) {
      await world.merge();
      await world.age();
    }
    const gate = killedAt(Infinity);
    await world.merge({}, gate);
    return gate.steps.length;
  }

  /** Names of the files of merges that nobody has killed. */
  async function endOfWhole(): Promise<string[]> {
    await world.age();
    await world.merge();
    await world.age();
    await world.merge();
    return (await world.files()).map(identityOf);
  }
});
