import { eventually } from '@watchnext/waiting/testing';
import type { GroupHandler, GroupOptions } from '../port';
import { GroupSession, type GroupContext } from './group-session';
import { KafkaSubscription } from './kafka-subscription';

jest.mock('./group-session');

describe('a subscription', () => {
  const handler: GroupHandler = { resumeOffset: async () => 0, onBatch: async () => undefined };
  const make = () => new KafkaSubscription({} as GroupContext, { topic: 't', groupId: 'g' }, handler);
  let connect: () => void;
  const close = jest.fn(async () => undefined);

  beforeEach(() => {
    close.mockClear();
    jest.mocked(GroupSession).mockImplementation(
      () =>
        ({
          start: () => new Promise<void>((resolve) => (connect = resolve)),
          failed: new Promise(() => {}),
          close,
          assignedPartitions: () => [0],
        }) as Partial<GroupSession> as GroupSession,
    );
  });

  it('leaves no session open that came after its stop', async () => {
    const subscription = make();
    const started = subscription.start();
    const stopped = subscription.stop();
    connect();
    await started;
    await stopped;
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('is stopped at once while brokers do not answer, and closes what comes of it later', async () => {
    let lose!: (error: Error) => void;
    const sessions = [
      { start: async () => undefined, failed: new Promise<Error>((resolve) => (lose = resolve)) },
      { start: () => new Promise<void>((resolve) => (connect = resolve)), failed: new Promise<Error>(() => {}) },
    ];
    jest.mocked(GroupSession).mockImplementation(() => ({ ...sessions.shift(), close }) as never);
    const context = { brokerGroupId: 'g', settings: { sessionTimeoutMs: 0 } } as GroupContext;
    const subscription = new KafkaSubscription(context, { topic: 't', groupId: 'g' }, handler);
    await subscription.start();
    Object.assign(subscription, { context: { ...context, work: { allSettled: async () => undefined } } });
    lose(new Error('gone'));
    await eventually(() => sessions.length === 0, 'the second session');
    close.mockClear();
    await subscription.stop();
    expect(close).toHaveBeenCalledTimes(1);
    connect();
    await eventually(() => close.mock.calls.length === 2, 'the late session is closed');
  });

  describe('after its connection was lost', () => {
    const groupsJoined = () => jest.mocked(GroupSession).mock.calls.map(([context]) => context.brokerGroupId);
    const losing = async (options: Partial<GroupOptions>) => {
      let lose: (error: Error) => void = () => undefined;
      jest.mocked(GroupSession).mockClear();
      jest.mocked(GroupSession).mockImplementation(
        () =>
          ({
            start: async () => undefined,
            failed: new Promise((resolve) => (lose = resolve)),
            close,
            assignedPartitions: () => [0],
          }) as Partial<GroupSession> as GroupSession,
      );
      const context = { brokerGroupId: 'wn.g', settings: { sessionTimeoutMs: 0 } } as GroupContext;
      const subscription = new KafkaSubscription(context, { topic: 't', groupId: 'g', ...options }, handler);
      await subscription.start();
      lose(new Error('gone'));
      await eventually(() => groupsJoined().length === 2, 'the second session');
      await subscription.stop();
      return subscription;
    };

    it('joins its group again', async () => {
      await losing({});
      expect(groupsJoined()).toEqual(['wn.g', 'wn.g']);
    });

    it('joins another where it is alone: the old one waits for a member that is lost', async () => {
      const subscription = await losing({ ephemeral: true });
      expect(groupsJoined()).toEqual(['wn.g', 'wn.g-1']);
      expect(subscription.groupIds()).toEqual(['wn.g', 'wn.g-1']);
    });
  });

  it('keeps its session until it is stopped', async () => {
    const subscription = make();
    const started = subscription.start();
    connect();
    await started;
    expect([close.mock.calls.length, subscription.assignedPartitions()]).toEqual([0, [0]]);
    await subscription.stop();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
