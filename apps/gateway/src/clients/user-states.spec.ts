import { type Mark, TOPICS } from '@watchnext/contract';
import { type FeatureStore, StoreUnavailableError } from '@watchnext/feature-store';
import { encodeState, newState } from '@watchnext/features';
import { contextOf, readStateStage } from '../stages/read-state';
import { Dependency } from '../resilience/dependency';
import { runStages } from '../pipeline/executor';
import type { Draft } from '../pipeline/draft';
import { UserStates } from './user-states';

const PARTITIONS = 4;

describe('states of users', () => {
  const state = { ...newState('ada'), watchCount: 3 };
  const limits = () => ({
    deadlineAtMs: Date.now() + 1_000,
    signal: new AbortController().signal,
    isHurried: false,
  });
  const statesOf = (store: Partial<FeatureStore>, dependency = new Dependency('feature store')) =>
    new UserStates(store as FeatureStore, dependency, PARTITIONS);
  const statesWith = (mark: Mark | undefined) => statesOf({ read: async () => ({ state: encodeState(state), mark }) });

  it('come with the mark of the same moment', async () => {
    const mark = { topic: TOPICS.activity, partition: 1, offset: 9 };
    expect(await statesWith(mark).read('ada', limits())).toMatchObject({
      state: { watchCount: 3 },
      mark,
      isKnown: true,
    });
    const none = statesWith(undefined);
    expect(await none.read('ada', limits())).toMatchObject({ mark: none.emptyMark('ada') });
  });

  it('are not served while a checkpoint is loaded: no replay could find them again', async () => {
    const restoring = statesWith({ topic: 'watchnext.restoring', partition: 1, offset: 500 });
    await expect(restoring.read('ada', limits())).rejects.toMatchObject({
      category: 'dependency-not-ready',
      message: expect.stringContaining('watchnext.restoring'),
    });
    // A list then stands on a lower rung, with the state and the mark of nothing known.
    const request = { userId: 'ada', surface: 'home', country: '', device: 'tv', requestedAtMs: 0, seedVideoId: '' };
    const empty = {
      request,
      state: newState('ada'),
      mark: restoring.emptyMark('ada'),
      context: contextOf(request as never, newState('ada')),
      failures: [],
    } as unknown as Draft;
    const stage = readStateStage(restoring);
    const { state: read, mark, failures } = await runStages([stage], empty, limits(), () => undefined);
    expect([read, mark, failures]).toEqual([
      newState('ada'),
      { topic: TOPICS.activity, partition: restoring.partitionOf('ada'), offset: -1 },
      [expect.objectContaining({ stage: 'read-state', category: 'dependency-not-ready' })],
    ]);
  });

  it.each([
    ['se', 'NO', 'SE'],
    ['', 'no', 'NO'],
    ['', 'Norway', ''],
  ])('tell the country that %j leaves open: of the profile %j it is %j', (asked, ofProfile, known) => {
    const profile = { country: ofProfile, language: '', ageYears: 0, gender: 0, blockedChannelIds: [] };
    const request = { userId: 'ada', surface: 'home', country: asked, device: 'tv', requestedAtMs: 0, seedVideoId: '' };
    expect(contextOf(request as never, { ...newState('ada'), profile }).country).toBe(known);
  });

  it('are no longer read when nobody waits for them', async () => {
    const read = jest.fn().mockResolvedValue({ state: undefined, mark: undefined });
    const given = limits();
    await statesOf({ read }).read('ada', given);
    expect(read).toHaveBeenCalledWith(expect.any(Number), 'ada', given.signal);
  });

  it('that cannot be read cost their own user the state, and close the store to nobody', async () => {
    const broken = Uint8Array.of(0x0a, 0xff);
    const dependency = new Dependency('feature store');
    const states = statesOf(
      {
        read: async () => ({ state: broken, mark: undefined }),
        listUserIds: async () => ['ada'],
        readMany: async () => new Map([['ada', broken]]),
      },
      dependency,
    );
    const unreadable = { category: 'dependency-failed', message: expect.stringContaining('cannot be read') };
    for (let i = 0; i < 20; i++) {
      await expect(states.read('ada', limits())).rejects.toMatchObject(unreadable);
      await expect(states.list(10, limits())).rejects.toMatchObject(unreadable);
    }
    expect(dependency.circuitState).toBe('closed');
  });

  it('of a store that does not answer are not asked for any longer', async () => {
    const dependency = new Dependency('feature store');
    const down = () => Promise.reject(new StoreUnavailableError('no'));
    const states = statesOf({ read: down, listUserIds: down }, dependency);
    for (let i = 0; i < 8; i++) await states.read('ada', limits()).catch(() => undefined);
    await expect(states.read('ada', limits())).rejects.toMatchObject({ category: 'circuit-open' });
    await expect(states.list(10, limits())).rejects.toMatchObject({ category: 'circuit-open' });
  });
});
