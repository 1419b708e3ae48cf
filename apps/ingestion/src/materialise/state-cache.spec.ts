import { StateCache } from './state-cache';

const states = (...userIds: string[]) => new Map(userIds.map((userId) => [userId, Buffer.from(userId)]));

describe('StateCache', () => {
  it('lets go of the least recently kept', () => {
    const cache = new StateCache(2);
    cache.keep(states('a', 'b'));
    cache.keep(states('a', 'c'));
    expect(['a', 'b', 'c'].map((userId) => cache.get(userId)?.toString())).toEqual(['a', undefined, 'c']);
  });

  it('has nothing of a user who has no state any more', () => {
    const cache = new StateCache(2);
    cache.keep(states('a', 'b'));
    cache.keep(new Map([['a', undefined]]));
    cache.keep(states('c'));
    expect(['a', 'b', 'c'].map((userId) => cache.get(userId)?.toString())).toEqual([undefined, 'b', 'c']);
  });

  it('keeps the last of a batch that is larger than itself', () => {
    const cache = new StateCache(2);
    cache.keep(states('a', 'b', 'c', 'd'));
    expect(['a', 'b', 'c', 'd'].map((userId) => cache.get(userId) !== undefined)).toEqual([false, false, true, true]);
  });
});
