import { KafkaJSProtocolError } from 'kafkajs';
import type { GroupHandler, LogRecord } from '../port';
import { tailTopic, type TailContext } from './kafka-tail';

const refused = () =>
  new KafkaJSProtocolError({
    type: 'TOPIC_AUTHORIZATION_FAILED',
    code: 29,
    retriable: false,
    message: 'Not authorized to access topics: [Topic authorization failed]',
  } as never);
const record = (offset: number): LogRecord => ({
  topic: 't.v1',
  partition: 0,
  offset,
  timestampMs: 0,
  key: 'k',
  value: new Uint8Array(),
});

describe('a tail', () => {
  let group: GroupHandler;
  let left: string[];
  let errors: Error[];
  const begin = (onJoined?: () => void) => {
    left = [];
    errors = [];
    const context: TailContext = {
      topic: 't.v1',
      bounds: async () => [{ partition: 0, firstOffset: 0, endOffset: 2 }],
      join: async (handler) => {
        group = handler;
        onJoined?.();
        // What happens while the group is being joined comes before whoever waits for the tail.
        await new Promise((resolve) => setTimeout(resolve, 10));
        return { assignedPartitions: () => [0], heartbeatAgeMs: () => 0, stop: async () => void left.push('stopped') };
      },
      deleteGroup: async () => void left.push('deleted'),
    };
    return tailTopic(context, new AbortController().signal, {
      onRecords: async () => undefined,
      onError: (error) => errors.push(error),
    });
  };
  const deliver = (offset: number) =>
    group.onBatch({
      topic: 't.v1',
      partition: 0,
      records: [record(offset)],
      nextOffset: offset + 1,
      lag: 1 - offset,
      signal: new AbortController().signal,
    });

  it.each(['while the group is joined', 'later'])('ends where Kafka refuses to be read, %s', async (when) => {
    const refuse = () => group.onError?.(refused(), undefined);
    const tail = begin(when === 'later' ? undefined : refuse);
    if (when === 'later') setTimeout(refuse, 20);
    await expect(tail).rejects.toMatchObject({
      code: 'not-authorised',
      retriable: false,
      message: expect.stringMatching(/^Kafka refused to read t\.v1: Not authorized/),
    });
    expect(left).toEqual(['stopped', 'deleted']);
    expect(errors).toHaveLength(1);
  });

  it('goes on after everything else, and once it has caught up after a refusal too', async () => {
    const tail = begin(() => {
      group.onError?.(new Error('a broker went'), undefined);
      // Of the handler's own, as a copy of one log into another has it.
      group.onError?.(refused(), 0);
      void deliver(0).then(() => deliver(1));
    });
    await expect(tail).resolves.toBeDefined();
    group.onError?.(refused(), undefined);
    await deliver(2);
    expect(left).toEqual([]);
    expect(errors).toHaveLength(3);
  });
});
