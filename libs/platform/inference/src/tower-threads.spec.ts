import { createRandom, initialiseStack } from '@watchnext/learning';
import { Thread } from '@watchnext/threads';
import { encodeRanker } from './encode-onnx';
import { RankerStack } from './ranker-stack';
import { TowerOverloadedError, TowerThreads } from './tower-threads';

const [USER, VIDEO, ROWS] = [30, 40, 64];
const random = createRandom(1);
const model = encodeRanker(initialiseStack([USER + VIDEO, 128, 2], random), USER);
const gaussian = (length: number) => Float32Array.from({ length }, () => random.gaussian());
const user = gaussian(USER);

/** As requests have them. */
function onSharedMemory(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

describe('towers on threads', () => {
  const threads = new TowerThreads({ threadCount: 2, queueLimit: 3 });
  afterAll(() => threads.close());

  it('give the bits that the tower gives on this thread, for rows on shared memory and off it', async () => {
    const here = await RankerStack.load(model);
    const there = await threads.load(model);
    expect([there.userSize, there.videoSize, there.outputSize]).toEqual([USER, VIDEO, 2]);
    const videos = gaussian((ROWS + 5) * VIDEO);
    const expected = [...(await here.run(user, videos, ROWS))];
    expect([...(await there.run(user, onSharedMemory(videos), ROWS))]).toEqual(expected);
    expect([...(await there.run(user, videos, ROWS))]).toEqual(expected);
    await Promise.all([here.close(), there.close()]);
    await expect(there.run(user, videos, ROWS)).rejects.toThrow('closed');
  });

  it('give the same bits for rows that are handed over as they are written', async () => {
    const tower = await threads.load(model);
    const videos = gaussian(ROWS * VIDEO);
    const expected = [...(await tower.run(user, videos, ROWS))];
    const rows = onSharedMemory(new Float32Array(ROWS * VIDEO));
    const run = tower.begin(user, rows);
    let written = 0;
    for (const end of [1, 1, 20, 63, ROWS]) {
      rows.set(videos.subarray(written * VIDEO, end * VIDEO), written * VIDEO);
      run.advance(end);
      written = end;
    }
    expect(() => run.advance(20)).toThrow(RangeError);
    expect([...(await run.logits())]).toEqual(expected);
    await run.end();
    await tower.close();
  });

  it('count a run in parts once, from its beginning to its end, and one that was given up too', async () => {
    const tower = await threads.load(model);
    const rows = onSharedMemory(gaussian(ROWS * VIDEO));
    const run = tower.begin(user, rows);
    expect(threads.pending).toBe(1);
    run.advance(10);
    run.advance(30);
    expect(threads.pending).toBe(1);
    await run.logits();
    expect(threads.pending).toBe(0);
    const givenUp = tower.begin(user, rows);
    givenUp.advance(5);
    await Promise.all([run.end(), givenUp.end()]);
    expect(threads.pending).toBe(0);
    await tower.close();
    // Nobody listens to the part; the one who asks is told.
    const late = tower.begin(user, rows);
    late.advance(5);
    await expect(late.logits()).rejects.toThrow('closed');
    await late.end();
    expect(threads.pending).toBe(0);
  });

  it('leave the event loop alone while they compute', async () => {
    const tower = await threads.load(model);
    const videos = onSharedMemory(gaussian(20_000 * VIDEO));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await tower.run(user, videos, 20_000);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    await tower.close();
  });

  it('refuse more than may wait, and answer the others', async () => {
    const tower = await threads.load(model);
    const videos = gaussian(ROWS * VIDEO);
    const expected = [...(await tower.run(user, videos, ROWS))];
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => tower.run(user, videos.subarray(i * VIDEO), ROWS - i)),
    );
    results.forEach((result, i) => {
      if (result.status === 'fulfilled') expect([...result.value]).toEqual(expected.slice(2 * i));
    });
    const refused = results.filter((result) => result.status === 'rejected');
    // Two threads, three runs each.
    expect(refused).toHaveLength(4);
    expect(refused[0]!.reason).toBeInstanceOf(TowerOverloadedError);
    await tower.close();
  });

  it('do not compute what waits when its caller goes', async () => {
    const tower = await threads.load(model);
    const videos = onSharedMemory(gaussian(20_000 * VIDEO));
    const call = jest.spyOn(Thread.prototype, 'call');
    const gone = new AbortController();
    const reason = new Error('the caller hung up');
    const runs = Array.from({ length: 6 }, () => tower.begin(user, videos, gone.signal));
    // Two threads, three runs of three parts each; two parts are at each thread.
    for (const rowCount of [8_000, 16_000, 20_000]) for (const run of runs) run.advance(rowCount);
    gone.abort(reason);
    for (const run of runs) await expect(run.logits()).rejects.toBe(reason);
    await Promise.all(runs.map((run) => run.end()));
    expect(call.mock.calls.map(([name]) => name)).toEqual(['run', 'run', 'run', 'run']);
    // One that is ended without having been asked for its logits leaves nothing behind either.
    call.mockClear();
    const ended = tower.begin(user, videos);
    for (const rowCount of [8_000, 16_000, 20_000]) ended.advance(rowCount);
    await ended.end();
    expect(call).toHaveBeenCalledTimes(2);
    call.mockRestore();
    expect(threads.pending).toBe(0);
    expect(await tower.run(user, videos, 1)).toHaveLength(2);
    await tower.close();
  });

  it('refuse what is no ranker, and rows that do not fit', async () => {
    await expect(threads.load(Uint8Array.of(1, 2, 3))).rejects.toThrow('refuses the model');
    const tower = await threads.load(model);
    await expect(tower.run(user, new Float32Array(VIDEO), 2)).rejects.toThrow(RangeError);
    await tower.close();
  });
});
