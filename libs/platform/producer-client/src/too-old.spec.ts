import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/testing';
import { Event } from '@watchnext/contract';
import { type Behaviour, MisbehavingCollector, type ReceivedRequest } from '../test/misbehaving-collector';
import { searchEvent } from './create-event';
import type { ProducerClientError } from './errors';
import { DEFAULTS, type ProducerClientOptions, type Rejection } from './options';
import { ProducerClient } from './producer-client';
import { replayTooOld } from './replay-too-old';
import { Spool } from './spool';
import { tooOldFolder } from './too-old';
import { framedLength } from './transport';

describe('events that waited too long', () => {
  let collector: MisbehavingCollector;
  let directory: string;
  let errors: ProducerClientError[];
  let rejections: Rejection[];
  let taken: Event[];
  const clients: ProducerClient[] = [];

  const options = (more: Partial<ProducerClientOptions> = {}) => ({
    url: collector.url,
    producer: 'spec',
    lingerMs: 5,
    retryBaseMs: 2,
    retryCapMs: 10,
    spoolDirectory: join(directory, 'spool'),
    onError: (error: ProducerClientError) => errors.push(error),
    onRejected: (rejection: Rejection) => rejections.push(rejection),
    ...more,
  });
  const make = (more: Partial<ProducerClientOptions> = {}) => {
    const client = new ProducerClient(options(more));
    clients.push(client);
    return client;
  };
  const numberOf = ({ body }: Event) => Number((body?.value as { query: string }).query);
  /** Of odd numbers, unless they are sent as backfill. */
  const refuseOdd = ({ events }: ReceivedRequest): Behaviour => {
    const isTaken = (event: Event) => event.backfill || numberOf(event) % 2 === 0;
    taken.push(...events.filter(isTaken));
    const results = events.map((event, index) =>
      isTaken(event)
        ? { index, status: 'accepted' }
        : { index, status: 'rejected', code: 'too-old', field: 'eventId', reason: 'old' },
    );
    return { status: 200, body: JSON.stringify({ results }) };
  };
  const send = async (client: ProducerClient, from: number, to: number) => {
    for (let n = from; n < to; n++) await client.send(searchEvent({ userId: 'anna', query: String(n) }));
  };
  const toldOf = (code: string) => errors.filter((error) => error.code === code);

  beforeEach(async () => {
    collector = await MisbehavingCollector.start();
    collector.behave = refuseOdd;
    directory = await mkdtemp(join(tmpdir(), 'watchnext-too-old-'));
    [errors, rejections, taken] = [[], [], []];
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close(0).catch(() => undefined)));
    await collector.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('are kept on disk, told of once, and sent as backfill when asked to, under the ids that they had', async () => {
    const client = make({ spoolAfterFailures: 1, maxBatchEvents: 5 });
    collector.behave = () => 'reset';
    await send(client, 0, 20);
    await eventually(() => client.statistics().spooledEvents === 20, 'all spooled');
    collector.behave = refuseOdd;
    await client.flush();
    await send(client, 20, 24);
    await client.close();
    expect(taken.map(numberOf)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]);
    expect(rejections.map(({ event, code }) => [numberOf(event), code])).toContainEqual([7, 'too-old']);
    expect(client.statistics()).toMatchObject({ rejectedEvents: 12, keptEvents: 12, pendingEvents: 0 });
    expect(toldOf('too-old-events').map(({ message }) => message)).toEqual([
      expect.stringContaining(join(directory, 'spool', 'too-old')),
    ]);

    taken = [];
    expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 12, rejectedEvents: 0 });
    expect(taken.map(numberOf)).toEqual(Array.from({ length: 12 }, (_, n) => 2 * n + 1));
    expect(taken.map(({ eventId }) => eventId)).toEqual(rejections.map(({ event }) => event.eventId));
    expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 0 });
  });

  it('stay where they are while nobody takes them, or while their client lives', async () => {
    const client = make();
    await send(client, 0, 4);
    await client.flush();
    await expect(replayTooOld(options())).rejects.toMatchObject({ code: 'spool-in-use' });
    await client.close();
    collector.behave = () => 'reset';
    await expect(replayTooOld(options(), 50)).rejects.toMatchObject({ code: 'undelivered-events', eventCount: 2 });
    collector.behave = refuseOdd;
    expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 2 });
  });

  it('stay where they are while their client lives, though it has kept none itself', async () => {
    const before = make();
    await send(before, 0, 2);
    await before.flush();
    await before.close();
    const restarted = make();
    await send(restarted, 2, 3);
    await restarted.flush();
    await expect(replayTooOld(options())).rejects.toMatchObject({
      code: 'spool-in-use',
      directory: options().spoolDirectory,
    });
    // So what is too old now holds up nothing.
    await send(restarted, 3, 5);
    await restarted.flush(60_000);
    await restarted.close();
    expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 2 });
  });

  it.each([
    ['cannot be opened', {}, 'spool'],
    ['are for a client that cannot work', { url: 'nowhere' }, 'option'],
  ])('leave nothing locked where they %s', async (_, more, code) => {
    const folder = tooOldFolder(options().spoolDirectory);
    await mkdir(options().spoolDirectory);
    if (code === 'spool') await writeFile(folder, 'in the way');
    await expect(replayTooOld(options(more))).rejects.toMatchObject({ code });
    await rm(folder, { force: true, recursive: true });
    expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 0 });
  });

  it('hold up those of today while they cannot be written, but not because there is no room for them', async () => {
    await (await make()).close();
    await writeFile(join(directory, 'spool', 'too-old'), 'in the way');
    const client = make();
    await send(client, 1, 2);
    await eventually(() => toldOf('spool').length > 1, 'told that it cannot be written');
    expect(client.statistics()).toMatchObject({ pendingEvents: 1, rejectedEvents: 0 });
    await rm(join(directory, 'spool', 'too-old'));
    await client.flush();
    expect(client.statistics()).toMatchObject({ keptEvents: 1, pendingEvents: 0 });
    await client.close();

    const small = make({ maxSpoolBytes: 100 });
    await send(small, 2, 4);
    await small.flush();
    await send(small, 4, 6);
    await small.flush();
    expect(toldOf('spool-full')).toEqual([]);
    expect(toldOf('too-old-full').map(({ message, retriable }) => [message, retriable])).toEqual([
      [expect.stringMatching(/too-old holds its limit of 100 bytes.* are lost .*maxSpoolBytes.*replayTooOld/), false],
    ]);
    expect(small.statistics()).toMatchObject({ acceptedEvents: 2, rejectedEvents: 2, keptEvents: 0, lostEvents: 2 });
  });

  describe('that lie on disk', () => {
    const keep = async (events: readonly Event[]) => {
      const kept = await Spool.open({ directory: tooOldFolder(options().spoolDirectory), limitBytes: Infinity });
      await kept.append(events.map((event) => Event.encode(event).finish()));
      await kept.close();
    };
    const search = (query: string) => ({ ...searchEvent({ userId: 'anna', query }), producer: 'spec' });

    it('are sent in bounded time though limits are given as undefined', async () => {
      await keep(Array.from({ length: DEFAULTS.maxBufferedEvents + 1 }, (_, n) => search(String(n))));
      collector.behave = () => 'reset';
      const unlimited = options({ maxBufferedEvents: undefined, maxBufferedBytes: undefined });
      await expect(replayTooOld(unlimited, 50)).rejects.toMatchObject({ code: 'undelivered-events' });
    });

    it('are left out, and told of, where they are too large as a backfill, and hold up none behind them', async () => {
      const large = search('1'.repeat(200));
      await keep([large, search('3')]);
      const maxBatchBytes = framedLength(Event.encode(large).finish());
      expect(await replayTooOld(options({ maxBatchBytes }))).toMatchObject({ acceptedEvents: 1, rejectedEvents: 1 });
      expect(rejections.map(({ event, code }) => [event.eventId, code])).toEqual([[large.eventId, 'event-too-large']]);
      expect(await replayTooOld(options())).toMatchObject({ acceptedEvents: 0, rejectedEvents: 0 });
    });
  });

  it('are rejected and no more by a client without a spool', async () => {
    const client = make({ spoolDirectory: undefined });
    await send(client, 0, 2);
    await client.flush();
    expect(client.statistics()).toMatchObject({ rejectedEvents: 1, keptEvents: 0 });
    expect([errors, await readdir(directory)]).toEqual([[], []]);
  });
});
