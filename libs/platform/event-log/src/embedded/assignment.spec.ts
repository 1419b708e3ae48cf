import fc from 'fast-check';
import { assignPartitions } from './assignment';

const memberNames = fc.uniqueArray(fc.stringMatching(/^[a-f]{1,3}$/), { minLength: 1, maxLength: 6 });

describe('assignPartitions', () => {
  it('gives every partition to a member, in shares that differ by at most one', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), memberNames, fc.array(fc.nat({ max: 8 })), (count, members, held) => {
        const holders = new Map(held.map((who, partition) => [partition, members[who] ?? 'gone']));
        const owners = assignPartitions(count, members, holders);
        const shares = members.map((member) => owners.filter((owner) => owner === member).length);
        expect(owners).toHaveLength(count);
        expect(shares.reduce((a, b) => a + b, 0)).toBe(count);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
      { seed: 3 },
    );
  });

  it('changes nothing once balanced, whatever the order of the members', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), memberNames, (count, members) => {
        const owners = assignPartitions(count, members, new Map());
        const again = assignPartitions(count, [...members].reverse(), new Map(owners.entries()));
        expect(again).toEqual(owners);
      }),
      { seed: 4 },
    );
  });

  it('leaves the others where they were when a member goes', () => {
    const owners = assignPartitions(6, ['a', 'b', 'c'], new Map());
    const left = new Map([...owners.entries()].filter(([, owner]) => owner !== 'b'));
    const after = assignPartitions(6, ['a', 'c'], left);
    for (const [partition, owner] of left) expect(after[partition]).toBe(owner);
  });

  it('moves only what balance asks for when a member comes', () => {
    expect(assignPartitions(4, ['a', 'b'], new Map([0, 1, 2, 3].map((p) => [p, 'a'])))).toEqual(['a', 'a', 'b', 'b']);
  });
});
