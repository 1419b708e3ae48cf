/** Records are removed while merges run: whatever the order of their steps, and whoever is killed, none of them comes back. */
import fc from 'fast-check';
import { byRange } from '../../src/archive-files';
import { planReading } from '../../src/read-plan';
import { Turns } from './turns';
import { isKept, killedAt, type MergingWorld, openMergingWorld, PAST_DAY, plain, wasKilled } from './world';

jest.setTimeout(300_000);

interface Story {
  /** What earlier merges have done before both begin: nothing, a large file placed, or the removal of small ones begun. */
  readonly before: { readonly merges: number; readonly lastKilledAt: number };
  readonly mergeCount: number;
  /** The step at which somebody is killed. */
  readonly killAt: number;
  readonly choices: readonly number[];
}

const story: fc.Arbitrary<Story> = fc.record({
  before: fc.record({ merges: fc.constantFrom(0, 1, 2), lastKilledAt: fc.nat(20) }),
  mergeCount: fc.constantFrom(1, 2),
  killAt: fc.nat(14),
  choices: fc.array(fc.nat(5), { minLength: 5, maxLength: 60 }),
});

async function earlierMerges(world: MergingWorld, { merges, lastKilledAt }: Story['before']): Promise<void> {
  for (let run = 1; run <= merges; run++) {
    const merge = run === merges ? world.merge({}, killedAt(lastKilledAt)) : world.merge();
    await merge.catch((error: unknown) => {
      if (!wasKilled(error)) throw error;
    });
    await world.age();
  }
}

/** By what a listing shows. */
async function requireNothingMissing(world: MergingWorld): Promise<void> {
  const [plan] = planReading((await world.files()).sort(byRange));
  expect(plan?.gap).toBeUndefined();
  expect(plan?.parts[0]?.file.firstOffset).toBe(0);
}

async function requireForgotten(world: MergingWorld): Promise<void> {
  expect(await world.countGone()).toBe(0);
  expect(plain(await world.read())).toEqual(plain(world.records.filter(isKept)));
}

describe('a merge beside one who removes records', () => {
  /** Does `work` before a step of another process. @returns how many steps that one had come to */
  function doingAt(at: number, work: () => Promise<unknown>) {
    let steps = 0;
    const gate = async () => {
      if (steps++ === at) await work();
    };
    return { gate, count: () => steps };
  }

  it.each([
    ['a merge, which goes on', Infinity],
    ['a merge, which is killed right after', 0],
    ['a merge, which is killed a step later', 1],
  ])('brings none back where all of them are removed between two steps of %s', async (_, killedAfter) => {
    for (let at = 0; ; at++) {
      const world = await openMergingWorld([2, 3, 2]);
      try {
        const forgetting = doingAt(at, () => world.forget());
        await world.merge({}, killedAt(at + killedAfter, forgetting.gate)).catch((error: unknown) => {
          if (!wasKilled(error)) throw error;
        });
        if (forgetting.count() <= at) break;
        if (killedAfter < Infinity) await world.merge();
        await requireForgotten(world);
        await world.age();
        expect(await world.merge()).toMatchObject({ leftAlone: [] });
        await requireForgotten(world);
      } finally {
        await world.close();
      }
    }
  });

  it('brings none back where a merge does all its work between two steps of who removes them', async () => {
    for (let at = 0, steps = 1; at < steps; at++) {
      const world = await openMergingWorld([2, 3, 2]);
      try {
        const merging = doingAt(at, () => world.merge());
        await world.forget(merging.gate);
        steps = merging.count();
        await requireForgotten(world);
      } finally {
        await world.close();
      }
    }
  });

  it.each([
    ['nobody is killed', undefined],
    ['a merge is killed', 'merge'],
    ['who removes is killed', 'forget'],
  ])('brings none back and loses no other, whatever the order of their steps, where %s', async (_, victim) => {
    let killed = 0;
    await fc.assert(
      fc.asyncProperty(story, async ({ before, mergeCount, killAt, choices }) => {
        const world = await openMergingWorld([2, 3, 2]);
        try {
          await earlierMerges(world, before);
          let turn = 0;
          const turns = new Turns(
            (count) => (choices[turn++ % choices.length] as number) % count,
            () => requireNothingMissing(world),
          );
          const gateOf = (process: number, isVictim: boolean) =>
            isVictim ? killedAt(killAt, turns.gateOf(process)) : turns.gateOf(process);
          const merges = Array.from(
            { length: mergeCount },
            (__, process) => () => world.merge({}, gateOf(process, victim === 'merge' && process === 0)),
          );
          const outcomes = await turns.run([...merges, () => world.forget(gateOf(mergeCount, victim === 'forget'))]);
          const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
          for (const failure of failures) if (!wasKilled(failure)) throw failure;
          killed += failures.length;
          // Who was killed is started again.
          if (victim === 'forget') await world.forget();
          if (victim === 'merge') await world.merge();
          await requireForgotten(world);

          for (let run = 0; run < 3; run++) {
            await world.age();
            expect(await world.merge()).toMatchObject({ leftAlone: [] });
          }
          expect((await world.files()).filter(({ day }) => day === PAST_DAY)).toHaveLength(1);
          await requireForgotten(world);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
    // Else it would show less than it says.
    expect(killed > 3).toBe(victim !== undefined);
  });
});
