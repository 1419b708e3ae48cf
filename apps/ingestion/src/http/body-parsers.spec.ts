import { EventBatch, MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from '@watchnext/contract';
import type { FastifyInstance } from 'fastify';
import type { BatchItem } from '../collect/collector';
import { PROTOBUF, registerBodyParsers } from './body-parsers';

type Parser = (request: unknown, body: Buffer, done: (error: Error | null, items?: BatchItem[]) => void) => void;

describe('a protobuf body', () => {
  const parsers = new Map<string, Parser>();
  registerBodyParsers({
    removeAllContentTypeParsers: () => undefined,
    addContentTypeParser: (type: string, _options: unknown, parser: Parser) => parsers.set(type, parser),
  } as unknown as FastifyInstance);
  const read = (body: Buffer) =>
    new Promise<BatchItem[]>((resolve, reject) =>
      parsers.get(PROTOBUF)!(undefined, body, (error, items) => (error ? reject(error) : resolve(items ?? []))),
    );
  /** Empty events: a tag and a length of 0. */
  const emptyEvents = (count: number) => Buffer.alloc(2 * count).fill(Uint8Array.of(0x0a, 0x00));

  afterEach(() => jest.restoreAllMocks());

  it('may have as many events as a batch', async () => {
    expect(await read(emptyEvents(MAX_BATCH_EVENTS))).toHaveLength(MAX_BATCH_EVENTS);
  });

  it('is refused for more of them before any is decoded', async () => {
    const decode = jest.spyOn(EventBatch, 'decode');
    for (const body of [emptyEvents(MAX_BATCH_EVENTS + 1), emptyEvents(MAX_BATCH_BYTES / 2)])
      await expect(read(body)).rejects.toMatchObject({ status: 413, code: 'too-large' });
    expect(decode).not.toHaveBeenCalled();
  });

  it('is refused as malformed where it ends too early, or passes an unknown field over', async () => {
    await expect(read(Buffer.from([0x0a, 0xff, 0xff]))).rejects.toMatchObject({ status: 400, code: 'malformed' });
    expect(await read(Buffer.concat([Buffer.from([0x7a, 0x01, 0x00]), emptyEvents(2)]))).toHaveLength(2);
  });
});
