import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GroupMembership, nameOfMember, newMemberId, SESSION_TIMEOUT_MS } from './group-membership';
import { LogStorage } from './log-storage';

describe('GroupMembership', () => {
  let directory: string;
  let storage: LogStorage;
  let nowMs: number;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-membership-'));
    storage = new LogStorage(directory);
    await storage.ensureTopics([{ name: 't.v1', partitionCount: 4 }]);
    nowMs = 1_000_000;
  });
  afterEach(async () => {
    await storage.close();
    rmSync(directory, { recursive: true });
  });

  const member = (id: string, groupId = 'g') =>
    new GroupMembership(storage, storage.topic('t.v1'), groupId, id, () => nowMs);
  const leased = async (membership: GroupMembership) => [...(await membership.step()).leased].sort();

  it('gives everything to the only member', async () => {
    expect(await leased(member('a'))).toEqual([0, 1, 2, 3]);
  });

  it('asks the holder for the newcomer’s share, and gives it once it is released', async () => {
    const [a, b] = [member('a'), member('b')];
    await a.step();
    expect(await leased(b)).toEqual([]);
    const { surplus } = await a.step();
    expect([...surplus]).toEqual([2, 3]);
    await a.release(2);
    expect(await leased(b)).toEqual([2]);
    await a.release(3);
    expect(await leased(b)).toEqual([2, 3]);
    expect(await leased(a)).toEqual([0, 1]);
  });

  it('lets the others take a silent member’s partitions after the session time-out, not before', async () => {
    const [a, b] = [member('a'), member('b')];
    await a.step();
    await b.step();
    nowMs += SESSION_TIMEOUT_MS;
    expect(await leased(b)).toEqual([]);
    nowMs += 1;
    expect(await leased(b)).toEqual([0, 1, 2, 3]);
    // Awake again, it finds its leases gone and its share to wait for.
    expect(await leased(a)).toEqual([]);
  });

  it('goes on as before when a member was silent but nobody took its partitions', async () => {
    const a = member('a');
    await a.step();
    nowMs += 10 * SESSION_TIMEOUT_MS;
    expect(await leased(a)).toEqual([0, 1, 2, 3]);
  });

  it('frees a leaving member’s partitions at once', async () => {
    const [a, b] = [member('a'), member('b')];
    await a.step();
    await b.step();
    await a.leave();
    expect(await leased(b)).toEqual([0, 1, 2, 3]);
  });

  it('takes heartbeats from before the machine’s last start for dead', async () => {
    await member('a').step();
    nowMs = 5_000;
    expect(await leased(member('b'))).toEqual([0, 1, 2, 3]);
  });

  it('keeps groups apart, and does not release what is another’s', async () => {
    const [a, b] = [member('a'), member('b', 'other')];
    await a.step();
    expect(await leased(b)).toEqual([0, 1, 2, 3]);
    await member('stranger').release(0);
    expect(await leased(a)).toEqual([0, 1, 2, 3]);
  });

  it('tells who is alive, to whoever looks', async () => {
    const stranger = member('stranger');
    expect(stranger.liveMembers()).toEqual([]);
    await member('a').step();
    nowMs += SESSION_TIMEOUT_MS;
    await member('b').step();
    expect(stranger.liveMembers()).toEqual(['a', 'b']);
    nowMs += 1;
    expect(stranger.liveMembers()).toEqual(['b']);
    expect(member('c', 'other').liveMembers()).toEqual([]);
  });

  it('has members that are called by their processes, but for those of versions that did not tell', () => {
    expect(nameOfMember(newMemberId())).toBe(`process ${process.pid}`);
    const before = '00000000-0000-4000-8000-000000000000';
    expect(nameOfMember(before)).toBe(`member ${before}`);
  });

  it('writes nothing while nothing is due', async () => {
    const a = member('a');
    await a.step();
    const [write, heartbeat] = [jest.spyOn(storage, 'write'), jest.spyOn(storage, 'heartbeat')];
    await a.step();
    expect(heartbeat).not.toHaveBeenCalled();
    nowMs += 1_000;
    await a.step();
    expect(heartbeat).toHaveBeenCalledTimes(1);
    expect(write).not.toHaveBeenCalled();
  });

  it('stays alive by its heartbeats, and holds nothing that another took while one waited for the disk', async () => {
    const [a, b] = [member('a'), member('b')];
    await a.step();
    for (let beat = 0; beat < 6; beat++) {
      nowMs += 1_000;
      await a.step();
    }
    expect(await leased(b)).toEqual([]);
    const { heartbeat } = storage;
    jest.spyOn(storage, 'heartbeat').mockImplementationOnce(async (...written) => {
      nowMs += 2 * SESSION_TIMEOUT_MS;
      await b.step();
      await heartbeat.apply(storage, written);
    });
    nowMs += 1_000;
    expect(await leased(a)).toEqual([]);
    expect(await leased(b)).toEqual([0, 1, 2, 3]);
  });
});
