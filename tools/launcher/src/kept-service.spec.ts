import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, isAlive } from '@watchnext/folder-lock';
import { eventually } from '@watchnext/testing';
import { KeptService, type KeptServiceDefinition } from './kept-service';
import { LaunchError } from './launch-error';
import { choosePorts } from './ports';

let folder: string;
let services: KeptService[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchnext-service-'));
  services = [];
});
afterEach(async () => {
  await Promise.all(services.map((service) => service.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function service(
  program: string,
  environment: Record<string, string> = {},
  limits: Pick<KeptServiceDefinition, 'niceness' | 'startLimitMs'> = {},
) {
  const main = join(folder, 'main.js');
  writeFileSync(main, program);
  const told: string[] = [];
  const logFile = join(folder, 'service.log');
  const created = new KeptService({ name: 'example', main, environment, ...limits }, logFile, {
    onCrash: (name, how, delayMs) => told.push(`${name} ${how} ${delayMs}`),
    onRestarted: (name) => told.push(`${name} back`),
    onProcessesChanged: () => undefined,
  });
  services.push(created);
  return { service: created, told, log: () => readFileSync(logFile, 'utf8') };
}

const READY = `process.send({ kind: 'ready' });`;
const STAY = `process.on('disconnect', () => process.exit()); setInterval(() => {}, 1000);`;

const until = (met: () => boolean) => eventually(met, String(met));

const isRunning = (pid: number) => isAlive(identify(pid));

describe('a service that is kept up', () => {
  it('is started when it says so, with its environment, its words in the log, and gone when stopped', async () => {
    const { service: example, log } = service(`console.log('greeting ' + process.env.GREETING); ${READY} ${STAY}`, {
      GREETING: 'hello',
    });
    await example.start();
    const pid = example.pid!;
    expect(isRunning(pid)).toBe(true);
    expect(log()).toContain('greeting hello');
    await example.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('ends the start with its last words, and a remedy that fits them', async () => {
    const failure = await service(`console.error('listen EADDRINUSE: address already in use'); process.exit(1);`)
      .service.start()
      .catch((error: LaunchError) => error);
    expect(failure).toBeInstanceOf(LaunchError);
    expect((failure as LaunchError).message).toMatch(/example did not start \(exit code 1\)[\s\S]*EADDRINUSE/);
    expect((failure as LaunchError).remedy).toMatch(/port/);
  });

  it('has its own last words, and none of the process before it', async () => {
    const { service: first } = service(`console.log('the table of an earlier run'); process.exit(1);`);
    await expect(first.start()).rejects.toThrow(/earlier run/);
    const { service: second } = service(`console.log('mine'); process.exit(1);`);
    const failure = (await second.start().catch((error: LaunchError) => error)) as LaunchError;
    expect(failure.message).toMatch(/Its last words:\n {2}mine$/);
    const { service: silent } = service(`process.exit(1);`);
    await expect(silent.start()).rejects.toThrow(/exit code 1\)\.$/);
  });

  it('that fails for a reason nobody knows costs no state', async () => {
    const failure = (await service(`process.exit(1);`)
      .service.start()
      .catch((error: LaunchError) => error)) as LaunchError;
    expect(failure.remedy).toMatch(/service\.log/);
    expect(failure.remedy).not.toMatch(/--fresh/);
  });

  it('that the others can do without is started again where it was not ready in time', async () => {
    const ready = join(folder, 'ready');
    const { service: example, told } = service(
      `if (require('node:fs').existsSync(${JSON.stringify(ready)})) ${READY} ${STAY}`,
      {},
      { startLimitMs: 2_000 },
    );
    example.startAnyway();
    await until(() => told.length === 1);
    expect(told).toEqual(['example example was not ready after 2 s. 500']);
    writeFileSync(ready, '');
    await until(() => told.includes('example back'));
    await example.stop();
  });

  it('runs at its own niceness once it is ready', async () => {
    const own = getPriority();
    const { service: example } = service(`${READY} ${STAY}`, {}, { niceness: own + 3 });
    await example.start();
    expect(getPriority(example.pid!)).toBe(own + 3);
  });

  it('comes back after a crash, later each time, and not after a stop', async () => {
    const { service: example, told } = service(`${READY} ${STAY}`);
    await example.start();
    const first = example.pid!;
    process.kill(first, 'SIGKILL');
    await until(() => told.includes('example back'));
    expect(told).toEqual(['example killed by SIGKILL 500', 'example back']);
    const second = example.pid!;
    expect(second).not.toBe(first);
    process.kill(second, 'SIGKILL');
    await until(() => told.length === 3);
    expect(told[2]).toBe('example killed by SIGKILL 1000');
    await example.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(told).toHaveLength(3);
  });

  it('is killed when it does not drain at once and is told to go for good', async () => {
    const { service: example } = service(`process.on('SIGTERM', () => {}); ${READY} ${STAY}`);
    await example.start();
    const pid = example.pid!;
    example.kill();
    await until(() => !isRunning(pid));
  });
});

describe('ports', () => {
  it('are the preferred ones where free, others where not, and never one twice', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const taken = (server.address() as { port: number }).port;
    const chosen = await choosePorts({ a: taken, b: 0, c: taken }, '127.0.0.1');
    expect(chosen.a).not.toBe(taken);
    expect(new Set(Object.values(chosen)).size).toBe(3);
    await new Promise((resolve) => server.close(resolve));
    const free = await choosePorts({ a: taken }, '127.0.0.1');
    expect(free.a).toBe(taken);
  });
});
