import type { GroupHandler } from '../port';
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
