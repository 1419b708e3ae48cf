/** The feature store behind a bad network, without rights, and over TLS. Starts a Redis of its own. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Mark } from '@watchnext/contract';
import {
  type FeatureStore,
  openRedisFeatureStore,
  type RedisSettings,
  StoreUnavailableError,
} from '@watchnext/feature-store';
import { freePorts, missingForStack, startListening, type StartedProcess, stopProcess } from '@watchnext/local-stack';
import { Redis } from 'ioredis';
import { describeUnlessMissing, eventually, FaultProxy, temporaryDirectory } from '../src';
import { countToEnd, noProgress, statesAt, storedOf } from './marked-counter';

/** Of calls that an answer ends. */
const PATIENT_MS = 60_000;
/** Of calls that no answer ends. */
const HASTY_MS = 600;
/** A call ends when its timer fires; a loaded machine may fire it late. */
const LATE_MS = 10_000;
const LIMIT_MS = 240_000;
const missing = missingForStack({ redis: true, certificates: true });
const describeOnRedis = (name: string, specs: () => void) => describeUnlessMissing(missing, name, specs);

const PASSWORD = 'correct-horse';
/** The rights that the materialiser needs, and those of a reader; as documented in docs/decisions. */
const WRITER_RULES =
  'resetkeys ~acl-*:* -@all +eval +evalsha +hdel +hget +hmget +hset +zadd +zcard +zrangebylex +zrem +info';
const READER_RULES = 'resetkeys %R~acl-*:* -@all +hget +hmget +zcard +zrangebylex +info';

const markAt = (offset: number): Mark => ({ topic: 't.v1', partition: 1, offset });
const commitOf = (offset: number) => ({
  expected: offset === 0 ? undefined : markAt(offset - 1),
  next: markAt(offset),
  states: new Map([['anna', Buffer.from(String(offset))]]),
});

describeOnRedis('feature store on Redis', () => {
  let directory: { path: string; remove(): Promise<void> };
  let server: StartedProcess;
  let tlsPort: number;
  let proxy: FaultProxy;
  const handles: FeatureStore[] = [];
  const open = (settings: Partial<RedisSettings>, namespace = `acl-${randomUUID()}`) => {
    const store = openRedisFeatureStore({ callTimeoutMs: PATIENT_MS, ...settings }, namespace);
    handles.push(store);
    return store;
  };
  const failureOf = async (call: Promise<unknown>) => {
    const startMs = performance.now();
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(performance.now() - startMs).toBeLessThan(HASTY_MS + LATE_MS);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error?.cause).toBeInstanceOf(Error);
    return error as StoreUnavailableError;
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('redis-faults');
    makeCertificates(directory.path);
    const [port, tls] = (await freePorts(2)) as [number, number];
    tlsPort = tls;
    const files = ['--tls-cert-file', 'server.crt', '--tls-key-file', 'server.key', '--tls-ca-cert-file', 'ca.crt'];
    server = await startListening({
      name: 'redis',
      command: 'redis-server',
      args: [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--tls-port',
        `${tls}`,
        '--tls-auth-clients',
        'no',
        '--save',
        '',
        ...files,
      ],
      port,
      logFile: join(directory.path, 'redis.log'),
      cwd: directory.path,
    });
    const admin = new Redis(port);
    await admin.call('ACL', 'SETUSER', 'writer', 'on', `>${PASSWORD}`, ...WRITER_RULES.split(' '));
    await admin.call('ACL', 'SETUSER', 'reader', 'on', `>${PASSWORD}`, ...READER_RULES.split(' '));
    admin.disconnect();
  }, LIMIT_MS);
  afterAll(async () => {
    await stopProcess(server, 2_000);
    await directory.remove();
  }, LIMIT_MS);
  beforeEach(async () => (proxy = await FaultProxy.start(server.port)));
  afterEach(async () => {
    await Promise.all(handles.splice(0).map((handle) => handle.close()));
    await proxy.stop();
  }, LIMIT_MS);

  describe('behind a bad network', () => {
    const throughProxy = (callTimeoutMs: number, namespace?: string) =>
      open({ url: `redis://127.0.0.1:${proxy.port}`, callTimeoutMs }, namespace);
    /** Two handles on the same states, of which the first record is folded: both are connected. */
    const openTwo = async () => {
      const namespace = `acl-${randomUUID()}`;
      const [patient, hasty] = [throughProxy(PATIENT_MS, namespace), throughProxy(HASTY_MS, namespace)];
      await patient.commit(1, commitOf(0));
      await eventually(() => hasty.readMark(1));
      return { patient, hasty };
    };

    it('works where an answer takes 200 ms', async () => {
      proxy.set({ downstream: { delayMs: 200 } });
      const store = throughProxy(PATIENT_MS);
      await store.commit(1, commitOf(0));
      expect(await store.readMark(1)).toEqual(markAt(0));
    });

    it.each<[string, (proxy: FaultProxy) => void]>([
      ['hangs towards the server', (one) => one.set({ upstream: { hang: true } })],
      ['hangs towards us', (one) => one.set({ downstream: { hang: true } })],
      ['has forgotten the connection', (one) => one.forget()],
      ['refuses connections', (one) => (one.set({ refuse: true }), one.reset())],
    ])(
      'fails in time where the network %s, and goes on by itself once it is healed',
      async (_name, hurt) => {
        const { hasty } = await openTwo();
        hurt(proxy);
        await failureOf(hasty.readMark(1));
        const startMs = performance.now();
        await Promise.allSettled([hasty.read(1, 'anna'), hasty.readMany(1, ['anna']), hasty.commit(1, commitOf(7))]);
        expect(performance.now() - startMs).toBeLessThan(HASTY_MS + LATE_MS);
        proxy.set({});
        await eventually(async () => expect(await hasty.readMark(1)).toEqual(markAt(0)));
      },
      LIMIT_MS,
    );

    it(
      'tells a commit whose answer was lost by the conflict of the next one',
      async () => {
        const { patient, hasty } = await openTwo();
        proxy.set({ downstream: { hang: true } });
        await failureOf(hasty.commit(1, commitOf(1)));
        proxy.reset();
        proxy.set({});
        await eventually(async () =>
          expect(await hasty.commit(1, commitOf(1)).catch((error: unknown) => error)).toMatchObject({
            code: 'mark-conflict',
            actual: markAt(1),
          }),
        );
        await patient.commit(1, commitOf(2));
      },
      LIMIT_MS,
    );

    it(
      'sends nothing later that its caller gave up',
      async () => {
        const { hasty } = await openTwo();
        proxy.set({ refuse: true });
        proxy.reset();
        for (let i = 0; i < 3; i++) await failureOf(hasty.commit(1, commitOf(1)));
        proxy.set({});
        await eventually(async () => expect(await hasty.readMark(1)).toEqual(markAt(0)));
      },
      LIMIT_MS,
    );

    it(
      'folds a log to the truth while connections are reset',
      async () => {
        const store = throughProxy(HASTY_MS);
        const progress = noProgress();
        let last = Infinity;
        const counting = countToEnd(store, 1, () => last, progress);
        counting.catch(() => undefined);
        for (let resets = 0; resets < 8; resets++) {
          const before = progress.acknowledged;
          await eventually(() => expect(progress.acknowledged).toBeGreaterThan(before + 20));
          proxy.reset();
        }
        last = progress.acknowledged + 20;
        await counting;
        const { states, offset } = await storedOf(store, 1);
        expect(offset).toBe(last);
        expect([...states].sort()).toEqual([...statesAt(last)].sort());
        expect(progress.longestCallMs).toBeLessThan(HASTY_MS + LATE_MS);
      },
      LIMIT_MS,
    );
  });

  describe('with rights', () => {
    const url = () => `redis://127.0.0.1:${server.port}`;

    it('needs no more than those of the documented ACL', async () => {
      const namespace = `acl-${randomUUID()}`;
      const writer = open({ url: url(), username: 'writer', password: PASSWORD }, namespace);
      await writer.commit(1, commitOf(0));
      expect(await writer.listUserIds(1, { limit: 5 })).toEqual(['anna']);
      expect((await writer.usage(3)).userCount).toBe(1);
      const reader = open({ url: url(), username: 'reader', password: PASSWORD }, namespace);
      expect((await reader.read(1, 'anna')).mark).toEqual(markAt(0));
      expect((await reader.readMany(1, ['anna'])).size).toBe(1);
      expect((await reader.usage(3)).userCount).toBe(1);
      expect([await writer.clocksMs(), await reader.clocksMs()]).toEqual(Array(2).fill([expect.any(Number)]));
      expect((await failureOf(reader.commit(1, commitOf(1)))).message).toMatch(/NOPERM/);
      const elsewhere = open({ url: url(), username: 'writer', password: PASSWORD }, 'other');
      expect((await failureOf(elsewhere.readMark(1))).message).toMatch(/NOPERM/);
    });

    it('removes states with those rights, and none of a commit where the writer has not got them all', async () => {
      const namespace = `acl-${randomUUID()}`;
      const writer = open({ url: url(), username: 'writer', password: PASSWORD }, namespace);
      await writer.commit(1, commitOf(0));
      const removal = {
        ...commitOf(1),
        states: new Map([
          ['anna', undefined],
          ['ben', Buffer.from('b')],
        ]),
      };
      const admin = new Redis(server.port);
      try {
        for (const missingRight of ['zrem', 'hdel']) {
          await admin.call('ACL', 'SETUSER', 'writer', `-${missingRight}`);
          expect((await failureOf(writer.commit(1, removal))).message).toMatch(/executing the script can't run/);
          expect((await writer.read(1, 'anna')).state?.toString()).toBe('0');
          expect(await writer.read(1, 'ben')).toEqual({ state: undefined, mark: markAt(0) });
          expect(await writer.listUserIds(1, { limit: 5 })).toEqual(['anna']);
          await admin.call('ACL', 'SETUSER', 'writer', `+${missingRight}`);
        }
      } finally {
        await admin.call('ACL', 'SETUSER', 'writer', '+zrem', '+hdel');
        admin.disconnect();
      }
      await writer.commit(1, removal);
      expect(await writer.read(1, 'anna')).toEqual({ state: undefined, mark: markAt(1) });
      expect(await writer.listUserIds(1, { limit: 5 })).toEqual(['ben']);
    });

    it('says that a password is wrong or missing, and never which', async () => {
      const wrong = open({ url: url(), username: 'writer', password: 'hunter2-secret' });
      for (let i = 0; i < 2; i++) {
        const error = await failureOf(wrong.commit(1, commitOf(0)));
        expect(error.message).toMatch(/WRONGPASS/);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
      }
      const inUrl = open({ url: `redis://writer:hunter2-secret@127.0.0.1:${server.port}` });
      expect(inspect(await failureOf(inUrl.readMark(1)), { depth: 9, showHidden: true })).not.toContain('hunter2');
      const locked = new Redis(server.port);
      await locked.call('ACL', 'SETUSER', 'default', 'resetpass', '>default-password');
      try {
        expect((await failureOf(open({ url: url() }).readMark(1))).message).toMatch(/NOAUTH/);
      } finally {
        await locked.call('ACL', 'SETUSER', 'default', 'nopass');
        locked.disconnect();
      }
    });
  });

  it('tells how much of its memory is used, where that has a bound', async () => {
    const store = open({ url: `redis://127.0.0.1:${server.port}` });
    expect(await store.usage(1)).toEqual({ userCount: 0, memoryShare: undefined });
    const admin = new Redis(server.port);
    try {
      await admin.config('SET', 'maxmemory', '1gb');
      const share = (await store.usage(1)).memoryShare ?? NaN;
      await admin.config('SET', 'maxmemory', '100mb');
      expect(share).toBeGreaterThan(0.0005);
      // 10.24, but for what Redis took meanwhile.
      const growth = ((await store.usage(1)).memoryShare ?? NaN) / share;
      expect(growth).toBeGreaterThan(5);
      expect(growth).toBeLessThan(20);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
      admin.disconnect();
    }
  });

  describe('over TLS', () => {
    const pem = (name: string) => readFileSync(join(directory.path, name), 'utf8');

    it.each(['redis', 'rediss'])('works with the authority that signed Redis, by %s://', async (scheme) => {
      const store = open({ url: `${scheme}://localhost:${tlsPort}`, tls: { ca: pem('ca.crt') } });
      await store.commit(1, commitOf(0));
      expect(await store.readMark(1)).toEqual(markAt(0));
    });

    it('uses for each connection the certificates that its settings have by then', async () => {
      const tls = { ca: pem('server.crt') };
      const store = open({ url: `rediss://localhost:${tlsPort}`, tls });
      expect((await failureOf(store.readMark(1))).message).toMatch(/certificate/i);
      tls.ca = pem('ca.crt');
      await eventually(() => store.readMark(1));
    });

    it('trusts no other authority, no other name, and no plain text', async () => {
      const untrusted = open({ url: `rediss://localhost:${tlsPort}` });
      expect((await failureOf(untrusted.readMark(1))).message).toMatch(/certificate/i);
      const misnamed = open({ url: `rediss://127.0.0.1:${tlsPort}`, tls: { ca: pem('ca.crt') } });
      expect((await failureOf(misnamed.readMark(1))).message).toMatch(/altnames|not in the cert/i);
      await failureOf(open({ url: `redis://127.0.0.1:${tlsPort}`, callTimeoutMs: HASTY_MS }).readMark(1));
    });
  });
});

/** An authority, and a certificate of it for "localhost". */
function makeCertificates(directory: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.crt');
  openssl(
    'req',
    ...key,
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    'server.crt',
  );
}
