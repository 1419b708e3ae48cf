import { type Mark, TOPICS } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import { encodeState, newState } from '@watchnext/features';
import { contextOf, readStateStage } from '../stages/read-state';
import { Dependency } from '../resilience/dependency';
import { runStages } from '../pipeline/executor';
import type { Draft } from '../pipeline/draft';
import { UserStates } from './user-states';

const PARTITIONS = 4;

describe('states of users', () => {
  const state = { ...newState('ada'), watchCount: 3 };
  const statesWith = (mark: Mark | undefined) =>
    new UserStates(
      { read: async () => ({ state: encodeState(state), mark }) } as Partial<FeatureStore> as FeatureStore,
      PARTITIONS,
    );

  it('come with the mark of the same moment', async () => {
    const mark = { topic: TOPICS.activity, partition: 1, offset: 9 };
    expect(await statesWith(mark).read('ada')).toMatchObject({ state: { watchCount: 3 }, mark, isKnown: true });
    const none = statesWith(undefined);
    expect(await none.read('ada')).toMatchObject({ mark: none.emptyMark('ada') });
  });

  it('are not served while a checkpoint is loaded: no replay could find them again', async () => {
    const restoring = statesWith({ topic: 'watchnext.restoring', partition: 1, offset: 500 });
    await expect(restoring.read('ada')).rejects.toMatchObject({
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
    const stage = readStateStage(restoring, new Dependency('feature store'));
    const limits = { deadlineAtMs: Date.now() + 1_000, signal: new AbortController().signal, isHurried: false };
    const { state: read, mark, failures } = await runStages([stage], empty, limits, () => undefined);
    expect([read, mark, failures]).toEqual([
      newState('ada'),
      { topic: TOPICS.activity, partition: restoring.partitionOf('ada'), offset: -1 },
      [expect.objectContaining({ stage: 'read-state', category: 'dependency-not-ready' })],
    ]);
  });
});
