import { join } from 'node:path';
import { Rung } from '@watchnext/contract';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { eventually, impressionItemOf, impressionsServedOf } from '@watchnext/testing';
import { flipBit } from '@watchnext/testing/snapshots';
import { v7 as timeOrderedId } from 'uuid';
import { recommendationsAnswer } from '../../../../apps/gateway/src/http/schemas';
import { dismissalEvent, eventOf, FIRST_SNAPSHOT, silent, type TestGateway, watchEvent, World } from './world';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- items of an answer, read by name
type Item = any;
const idsOf = (answer: { items: Item[] }): string[] => answer.items.map(({ videoId }) => videoId);

describe('recommendations with everything running', () => {
  let world: World;
  let gateway: TestGateway;

  beforeAll(async () => {
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
    await world.fold('ada', watchEvent('ada', 'v00'), watchEvent('ada', 'v11'), dismissalEvent('ada', 'v22'));
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    gateway = await world.startGateway();
  });

  afterAll(() => world.close());

  it('come in full, ranked by expected watch seconds, as documented', async () => {
    const answer = await gateway.recommend('ada');
    expect(() => recommendationsAnswer.strict().parse(answer)).not.toThrow();
    expect(answer).toMatchObject({ userId: 'ada', rung: 'full', snapshotId: FIRST_SNAPSHOT, mark: { offset: 2 } });
    expect(answer.rungReason).toBeUndefined();
    expect(answer.items.length).toBe(10);
    expect(answer.items.every(({ score }: Item) => score > 0)).toBe(true);
    expect(answer.items.map(({ position }: Item) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const explained = await gateway.recommend('ada', { explain: 'true', limit: 50 });
    const moved = explained.items.filter(({ explain }: Item) => explain.rules.length > 0);
    const unmoved = explained.items.filter((item: Item) => !moved.includes(item)).map(({ score }: Item) => score);
    expect(unmoved).toEqual([...unmoved].sort((a, b) => b - a));
  });

  it('tell what their stages took', async () => {
    const { headers } = await fetch(`${gateway.url}/v1/users/ada/recommendations`);
    const stages = headers.get('server-timing')!.split(', ');
    for (const stage of stages) expect(stage).toMatch(/^[a-z-]+;dur=\d+\.\d$/);
    const names = stages.map((stage) => stage.split(';')[0]);
    const telling = ['read-state', 'retrieve', 'rank', 'log-impressions'];
    expect(names.filter((name) => telling.includes(name!))).toEqual(telling);
  });

  it('leave out what was watched and dismissed', async () => {
    const shown = new Set(idsOf(await gateway.recommend('ada', { limit: 50 })));
    expect(shown.size).toBe(50);
    for (const videoId of ['v00', 'v11', 'v22']) expect(shown.has(videoId)).toBe(false);
  });

  it('give a channel at most two places in ten', async () => {
    const { items } = await gateway.recommend('ada', { limit: 50 });
    for (let from = 0; from < items.length; from += 10) {
      const counts = new Map<string, number>();
      for (const { channelId } of items.slice(from, from + 10)) counts.set(channelId, (counts.get(channelId) ?? 0) + 1);
      if (from < 40) expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
    }
  });

  it('come on further pages without repeats, to the end', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await gateway.recommend('ada', { limit: 13, ...(cursor ? { cursor } : {}) });
      seen.push(...idsOf(answer));
      cursor = answer.nextCursor;
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(57);
  });

  it('know what was shown and watched up to the second: the watched is gone, and what was shown too often rests', async () => {
    const before = idsOf(await gateway.recommend('zoe'));
    const [tired, watched, stays] = before as [string, string, string];
    const served = () =>
      eventOf(
        impressionsServedOf('zoe', [
          impressionItemOf(tired, { impressionId: timeOrderedId() }),
          impressionItemOf(stays, { impressionId: timeOrderedId() }),
        ]),
        Date.now() - 1_000,
      );
    const tiredOnly = eventOf(
      impressionsServedOf('zoe', [impressionItemOf(tired, { impressionId: timeOrderedId() })]),
      Date.now() - 1_000,
    );
    await world.fold(
      'zoe',
      ...Array.from({ length: 19 }, served),
      tiredOnly,
      watchEvent('zoe', watched, Date.now() - 1_000),
    );
    const after = idsOf(await gateway.recommend('zoe', { limit: 50 }));
    expect(after).toContain(stays);
    expect(after).not.toContain(tired);
    expect(after).not.toContain(watched);
    const hours = 25 * 3_600_000;
    world.passTime(hours);
    try {
      expect(idsOf(await gateway.recommend('zoe', { limit: 50 }))).toContain(tired);
    } finally {
      world.passTime(-hours);
    }
  });

  it('welcome a user that nothing is known of, whatever the id', async () => {
    for (const userId of ['nobody', 'Ünï/çødé ☃ & co', 'x'.repeat(128)]) {
      const answer = await gateway.recommend(userId);
      expect(answer).toMatchObject({ userId, rung: 'full', mark: { offset: expect.any(Number) } });
      expect(answer.items.length).toBe(10);
    }
  });

  it('are logged as served, with all that replay needs', async () => {
    const answer = await gateway.recommend('ada', {
      limit: 5,
      surface: 'up-next',
      seed: 'v33',
      country: 'se',
      device: 'tv',
    });
    const served = (await world.servedLists()).get(answer.requestId)!;
    expect(served).toMatchObject({
      userId: 'ada',
      snapshotId: FIRST_SNAPSHOT,
      rung: Rung.FULL,
      rungReason: '',
      mark: answer.mark,
      context: { surface: 'up-next', seedVideoId: 'v33', country: 'SE', device: 'tv', loggedIn: false },
    });
    expect(served.items.map(({ videoId }) => videoId)).toEqual(idsOf(answer));
    for (const [index, item] of served.items.entries()) {
      const shown = answer.items[index];
      expect(item).toMatchObject({
        impressionId: shown.impressionId,
        position: index,
        source: shown.source,
        propensity: 1,
      });
      expect(item.video).toMatchObject({ channelId: shown.channelId, durationSeconds: shown.durationSeconds });
      expect(item.score).toBe(shown.score);
      expect(item.sourceScore).toBe(shown.sourceScore);
      expect(Number.isSafeInteger(item.featuresChecksum)).toBe(true);
    }
    expect(idsOf(answer)).not.toContain('v33');
  });

  it('are recorded nowhere where someone only looks, and are else what would be served', async () => {
    const unlogged = () => gateway.metric('watchnext_gateway_unlogged_impressions_total');
    const before = await unlogged();
    const previewed = await gateway.recommend('ada', { preview: 'true' });
    expect(() => recommendationsAnswer.strict().parse(previewed)).not.toThrow();
    expect(previewed).toMatchObject({ preview: true, rung: 'full', snapshotId: FIRST_SNAPSHOT });
    const more = await gateway.recommend('ada', { preview: 'true', cursor: previewed.nextCursor });
    const served = await gateway.recommend('ada', { preview: 'false' });
    expect(served.preview).toBeUndefined();
    expect(idsOf(previewed)).toEqual(idsOf(served));
    const lists = await world.servedLists();
    expect([previewed, more, served].map(({ requestId }) => lists.has(requestId))).toEqual([false, false, true]);
    expect(await unlogged()).toBe(before);
  });

  it('are not made, and so not recorded, for HEAD, of which nobody would see them', async () => {
    const before = new Set((await world.servedLists()).keys());
    const head = await fetch(`${gateway.url}/v1/users/heidi/recommendations`, { method: 'HEAD' });
    expect({ status: head.status, allow: head.headers.get('allow') }).toEqual({ status: 405, allow: 'GET' });
    const seen = await gateway.recommend('heidi');
    // The log keeps the order: what HEAD had made would be there with the list that was seen.
    await eventually(async () => (await world.servedLists()).has(seen.requestId), 'the list that was seen');
    expect([...(await world.servedLists()).keys()].filter((id) => !before.has(id))).toEqual([seen.requestId]);
  });

  it('explain each item: sources, features, parts of the score, rules', async () => {
    const { items } = await gateway.recommend('ada', { explain: 'true' });
    for (const { explain, videoId, score, source } of items) {
      expect(explain.expectedWatchSeconds).toBe(score);
      expect(explain.sources[0].source).toBe(source);
      expect(explain.features).toContainEqual({ name: 'video', value: videoId });
      expect(explain.parts.length).toBeGreaterThan(0);
    }
    expect((await gateway.recommend('ada')).items[0].explain).toBeUndefined();
  });

  it('ignore a seed that the catalogue does not know, and say so', async () => {
    const answer = await gateway.recommend('ada', { seed: 'not-a-video', surface: 'up-next' });
    expect(answer.warnings).toEqual(['seed not-a-video is not in the catalogue and was ignored']);
    expect((await world.servedLists()).get(answer.requestId)!.context!.seedVideoId).toBe('');
    const second = await gateway.recommend('ada', {
      seed: 'not-a-video',
      surface: 'up-next',
      cursor: answer.nextCursor,
    });
    expect(idsOf(second).some((videoId) => idsOf(answer).includes(videoId))).toBe(false);
  });

  it('take country and device of a proxy’s headers where the query names none', async () => {
    const contextOf = async (query: string, headers: Record<string, string>) => {
      const { body } = await gateway.get(`/v1/users/ada/recommendations${query}`, headers);
      expect(body.warnings).toBeUndefined();
      const { country, device } = (await world.servedLists()).get(body.requestId)!.context!;
      return { country, device };
    };
    const headers = { 'x-country': 'no', 'x-device': 'tv' };
    expect(await contextOf('', headers)).toEqual({ country: 'NO', device: 'tv' });
    expect(await contextOf('?country=se&device=phone', headers)).toEqual({ country: 'SE', device: 'phone' });
    expect(await contextOf('', { 'x-country': '', 'x-device': '' })).toEqual(await contextOf('', {}));
    // Not looked at.
    expect(await contextOf('?country=se', { 'x-country': 'T1' })).toMatchObject({ country: 'SE' });
  });

  it.each([
    ['x-country', 'T1', 'must be two letters (ISO 3166-1)'],
    ['x-country', 'SE, SE', 'must be two letters (ISO 3166-1)'],
    ['x-device', 'x'.repeat(65), 'must have at most 64 characters'],
    ['x-device', 'a\u0085b', 'must not contain control characters'],
  ])('ignore a proxy’s header %s that is none, and say so: %#', async (name, value, why) => {
    const { status, body } = await gateway.get('/v1/users/ada/recommendations', { [name]: value });
    expect({ status, warnings: body.warnings }).toEqual({
      status: 200,
      warnings: [`header ${name} was ignored: ${why}`],
    });
    const { country, device } = (await world.servedLists()).get(body.requestId)!.context!;
    expect({ country, device }).toEqual({ country: '', device: '' });
  });

  it.each([
    ['limit=-1', 400, 'limit'],
    ['limit=0', 400, 'limit'],
    ['limit=51', 400, 'limit'],
    ['limit=ten', 400, 'limit'],
    ['limit=1.5', 400, 'limit'],
    ['limit=5&limit=6', 400, 'limit'],
    ['explain=maybe', 400, 'explain'],
    ['surface=', 400, 'surface'],
    [`surface=${'x'.repeat(65)}`, 400, 'surface'],
    [`seed=${'x'.repeat(129)}`, 400, 'seed'],
    ['country=Sweden', 400, 'country'],
    ['surface=a%C2%85b', 400, 'surface'],
    [`cursor=${'x'.repeat(10_000)}`, 400, 'cursor'],
    ['cursor=garbage', 400, 'cursor'],
    ['cursor=', 400, 'cursor'],
  ])('refuse %s with the field', async (query, status, field) => {
    const answer = await gateway.get(`/v1/users/ada/recommendations?${query}`);
    expect(answer).toMatchObject({
      status,
      body: { error: { code: expect.any(String), message: expect.any(String), field } },
    });
  });

  it.each([['x'.repeat(129)], ['x'.repeat(10_000)], ['a%00b'], ['a%0Ab'], ['a%C2%85b']])(
    'refuse a user id that is none: %#',
    async (userId) => {
      const answer = await gateway.get(`/v1/users/${userId}/recommendations`);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid-argument', field: 'userId' } } });
    },
  );

  it('refuse an address that cannot be decoded', async () => {
    expect(await gateway.get('/v1/users/%ZZ/recommendations')).toMatchObject({
      status: 400,
      body: { error: { message: expect.any(String) } },
    });
  });

  it('refuse a cursor of another user, and one that has expired with 410', async () => {
    const { nextCursor } = await gateway.recommend('ada');
    const other = await gateway.get(`/v1/users/bob/recommendations?cursor=${nextCursor}`);
    expect(other).toMatchObject({ status: 400, body: { error: { code: 'cursor-of-another-list', field: 'cursor' } } });
    world.passTime(31 * 60_000);
    const stale = await gateway.get(`/v1/users/ada/recommendations?cursor=${nextCursor}`);
    expect(stale).toMatchObject({ status: 410, body: { error: { code: 'cursor-expired', field: 'cursor' } } });
  });

  it('never show a withdrawn video again', async () => {
    const [first] = idsOf(await gateway.recommend('ada'));
    await world.tellCatalogue(eventOf({ $case: 'videoWithdrawn', value: { videoId: first!, reason: 'spec' } }));
    await gateway.until(({ status }) => status === 410, `/v1/videos/${first}`);
    expect(idsOf(await gateway.recommend('ada', { limit: 50 }))).not.toContain(first);
    const explained = await gateway.get(`/v1/videos/${first}`);
    expect(explained.body.error).toMatchObject({ code: 'video-withdrawn' });
    const upNext = await gateway.recommend('ada', { limit: 50, seed: first, surface: 'up-next' });
    expect(idsOf(upNext)).not.toContain(first);
  });

  it('are served on, full, from the good snapshot when ranking alone finds a flipped bit in its part of the next one', async () => {
    const damaged = '20260104T000000Z-ddddff';
    const refused = jest.spyOn(silent, 'error');
    await world.publish(damaged, {
      seed: 9,
      damage: (directory) => flipBit(join(directory, SNAPSHOT_FILES.rankingTensors), 3_000),
    });
    await world.announce(damaged);
    const isRefused = () =>
      refused.mock.calls.some(([facts]) => (facts as { snapshotId?: string }).snapshotId === damaged);
    await eventually(
      async () => isRefused() && (await gateway.get('/v1/snapshot')).body.snapshotId === damaged,
      'the refusal by ranking, and the snapshot in the gateway',
    );
    for (let request = 0; request < 5; request++) {
      expect(await gateway.recommend('ada')).toMatchObject({ rung: 'full', snapshotId: FIRST_SNAPSHOT });
    }
    await world.pointAt(FIRST_SNAPSHOT);
    await world.announce(FIRST_SNAPSHOT);
    await gateway.until(({ body }) => body.snapshotId === FIRST_SNAPSHOT, '/v1/snapshot');
  });

  it('are served on from the good snapshot when the next one has a flipped bit in each part', async () => {
    const damaged = '20260105T000000Z-eeeeee';
    const refused = jest.spyOn(silent, 'error');
    await world.publish(damaged, {
      seed: 9,
      damage: async (directory) => {
        await flipBit(join(directory, SNAPSHOT_FILES.candidateTensors), 3_000);
        await flipBit(join(directory, SNAPSHOT_FILES.rankingTensors), 3_000);
        await flipBit(join(directory, SNAPSHOT_FILES.popular), 3);
      },
    });
    await world.announce(damaged);
    // Retrieval, ranking and the gateway each look at it, and each refuse it.
    const refusals = () =>
      refused.mock.calls.filter(([facts]) => (facts as { snapshotId?: string }).snapshotId === damaged);
    await eventually(() => refusals().length >= 3, 'three refusals');
    expect(await gateway.recommend('ada')).toMatchObject({ rung: 'full', snapshotId: FIRST_SNAPSHOT });
    expect((await gateway.get('/v1/snapshot')).body).toMatchObject({
      snapshotId: FIRST_SNAPSHOT,
      gate: { passed: true },
    });
  });
});
