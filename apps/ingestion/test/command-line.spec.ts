import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { runBuilt, temporaryDirectory } from '@watchnext/testing';

describe('npm run checkpoint, npm run rebuild, npm run expire, npm run archive-gaps and npm run merge-archive', () => {
  let directory: { path: string; remove(): Promise<void> };
  const built = (program: string) => resolve(__dirname, '..', 'dist', 'commands', `${program}.js`);
  const run = (program: string, args: readonly string[]) =>
    runBuilt(built(program), args, { WATCHNEXT_DATA_DIR: directory.path });

  beforeAll(async () => (directory = await temporaryDirectory('ingestion-commands')));
  afterAll(() => directory.remove());

  it.each([
    ['checkpoint', ['--help'], 0, /--keep <n>[^]*Exit codes/],
    ['checkpoint', ['--keep', '0'], 2, /--keep.*'0' is invalid.*whole number of at least 1/],
    ['checkpoint', ['--kept', '1'], 2, /unknown option '--kept'/],
    ['checkpoint', [], 1, /no checkpoint was written, for the archive is empty.*WATCHNEXT_DATA_DIR/],
    ['archive-gaps', ['--help'], 0, /--accept[^]*3: there are gaps/],
    ['archive-gaps', ['accept'], 2, /too many arguments/],
    ['merge-archive', ['--help'], 0, /--grace <hours>[^]*--dry-run[^]*3: files were left alone/],
    ['merge-archive', ['--grace', 'soon'], 2, /--grace.*'soon' is invalid.*whole number/],
    ['merge-archive', ['--max-mb', '0'], 2, /--max-mb.*'0' is invalid.*whole number of at least 1/],
    ['merge-archive', ['all'], 2, /too many arguments/],
    ['merge-archive', [], 0, /"topic":"watchnext.activity.v1","dryRun":false,"mergedFileCount":0/],
    ['expire', ['--help'], 0, /--idle-days <n>[^]*--with-profiles[^]*--dry-run[^]*Exit codes: 0 done; 1/],
    ['expire', [], 2, /required option '--idle-days <n>' not specified/],
    ['expire', ['--idle-days', '1'], 2, /--idle-days.*'1' is invalid.*whole number of at least 2/],
    ['expire', ['--idle-days', '90', 'all'], 2, /too many arguments/],
    ['expire', ['--idle-days', '90'], 1, /nothing has run here.*WATCHNEXT_DATA_DIR/],
    ['rebuild', ['all'], 2, /too many arguments/],
    ['rebuild', ['--partition', '1', '--partition', 'x'], 2, /--partition.*'x' is invalid.*whole number/],
    ['rebuild', ['--partition', '0', '--partition', '4'], 2, /partitions 0 to 3 \(WATCHNEXT_ACTIVITY_PARTITIONS\)/],
  ])('%s %j ends with %i, and says why', (program, args, status, text) => {
    expect(run(program, args)).toEqual({ status, text: expect.stringMatching(text) });
  });

  it('finish their work where nobody reads what they say', async () => {
    const merge = spawn(process.execPath, [built('merge-archive')], {
      env: { ...process.env, WATCHNEXT_DATA_DIR: directory.path },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    merge.stdout.destroy();
    expect(await once(merge, 'exit')).toEqual([0, null]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'end by %s with %i, also as the first process of a container, which dies of no signal by itself',
    async (signal, code) => {
      const silentBroker = createServer().listen(0, '127.0.0.1');
      await once(silentBroker, 'listening');
      const { port } = silentBroker.address() as AddressInfo;
      const settings = {
        WATCHNEXT_DATA_DIR: directory.path,
        WATCHNEXT_EVENT_LOG: 'kafka',
        WATCHNEXT_KAFKA_BROKERS: `127.0.0.1:${port}`,
      };
      const rebuild = spawn(process.execPath, [built('rebuild')], {
        env: { ...process.env, ...settings },
        stdio: 'ignore',
      });
      const [connection] = await once(silentBroker, 'connection');
      rebuild.kill(signal);
      expect(await once(rebuild, 'exit')).toEqual([code, null]);
      connection.destroy();
      silentBroker.close();
    },
  );
});
