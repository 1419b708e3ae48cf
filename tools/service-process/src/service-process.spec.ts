import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { describeEnd, type ServiceDefinition, ServiceProcess, type ServiceProcessOptions } from './service-process';

let folder: string;
let started: ServiceProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchnext-service-'));
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((one) => one.kill()));
  rmSync(folder, { recursive: true, force: true });
});

const READY = `process.send({ kind: 'ready' });`;
const STAY = `process.on('disconnect', () => process.exit()); setInterval(() => {}, 1000);`;

function service(
  program: string,
  definition: Partial<ServiceDefinition> = {},
  options: ServiceProcessOptions = {},
): ServiceProcess {
  const main = join(folder, 'main.js');
  writeFileSync(main, program);
  const created = new ServiceProcess(
    { name: 'example', main, environment: {}, ...definition },
    { logFile: join(folder, 'logs', 'example.log'), ...options },
  );
  started.push(created);
  return created;
}

describe('a service as a process', () => {
  it('gets the settings that it is given, on top of those that it inherits', async () => {
    const program = `console.log(process.env.GREETING, process.env.INHERITED, process.env.PATH === undefined);`;
    const example = service(program, { environment: { GREETING: 'hello' }, inherited: { INHERITED: 'too' } });
    expect(await example.runToEnd()).toBe(0);
    expect(example.printed()).toBe('hello too true\n');
  });

  it('is stopped and started again, its words in one log, of which only its own are its last', async () => {
    const example = service(`console.log('mine'); process.on('SIGTERM', () => process.exit(7)); ${READY} ${STAY}`);
    await example.start();
    const { pid } = example;
    expect(await example.stop()).toBe(7);
    expect(example.isRunning).toBe(false);
    expect(() => example.pid).toThrow('example is not running');
    expect(await example.stop()).toBeUndefined();
    await example.start();
    expect(example.pid).not.toBe(pid);
    expect(readFileSync(example.logFile, 'utf8')).toBe('mine\nmine\n');
    expect(example.lastLines()).toEqual(['mine']);
  });

  it('begins a log that has grown large with the last of its lines, and goes on with one that has not', async () => {
    const example = service(`console.log('mine');`);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${String(n).padStart(94, '0')}\n`);
    writeFileSync(example.logFile, lines(160_000).join(''));
    await example.runToEnd();
    expect(readFileSync(example.logFile, 'utf8')).toBe(`${lines(160_000).join('')}mine\n`);
    const large = lines(170_000);
    writeFileSync(example.logFile, large.join(''));
    await example.runToEnd();
    const rest = readFileSync(example.logFile, 'utf8');
    const kept = rest.split('\n').length - 2;
    expect(rest.length).toBeLessThanOrEqual((1 << 20) + 'mine\n'.length);
    expect(kept).toBeGreaterThan(10_000);
    expect(rest === `${large.slice(-kept).join('')}mine\n`).toBe(true);
    expect(example.printed()).toBe('mine\n');
  });

  it('is not started where it runs: the first process would be lost', async () => {
    const example = service(`${READY} ${STAY}`);
    await example.start();
    const { pid } = example;
    await expect(example.start()).rejects.toThrow('example is running already');
    await expect(example.run()).rejects.toThrow('example is running already');
    expect(example.pid).toBe(pid);
  });

  it('that ends before it is ready says so with its last words, and is no end to tell of', async () => {
    const onEnd = jest.fn();
    const example = service(`console.log('one\\n\\ntwo'); process.exit(3);`, {}, { onEnd });
    await expect(example.start()).rejects.toMatchObject({
      message: 'example did not start (exit code 3):\none\ntwo',
      lines: ['one', 'two'],
    });
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('that is not ready in time is killed', async () => {
    const example = service(STAY, { startLimitMs: 300 });
    await expect(example.start()).rejects.toThrow('example was not ready after 0.3 s');
    await eventually(() => !example.isRunning, 'its end');
  });

  it('whose start is interrupted by a stop was stopped', async () => {
    const example = service(STAY);
    const starting = expect(example.start()).rejects.toThrow(/^example was stopped/);
    expect(await example.stop()).toBe(143);
    await starting;
  });

  it('tells of an end that nobody asked for, and of no other', async () => {
    const ends: string[] = [];
    const example = service(`${READY} ${STAY}`, {}, { onEnd: (end) => ends.push(describeEnd(end)) });
    await example.start();
    await example.stop();
    await example.start();
    await example.kill();
    expect(ends).toEqual([]);
    await example.start();
    process.kill(example.pid, 'SIGKILL');
    await eventually(() => ends.length > 0, 'word of its end');
    expect(ends).toEqual(['killed by SIGKILL']);
  });

  it('that does not drain is killed after a while, which a second stop waits for as well', async () => {
    const example = service(`process.on('SIGTERM', () => {}); ${READY} ${STAY}`);
    await example.start();
    const timer = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((late: () => void, milliseconds: number) => {
      expect(milliseconds).toBeGreaterThan(10_000);
      return setImmediate(late);
    }) as unknown as typeof setTimeout);
    const [first, second] = [example.stop(), example.stop()];
    timer.mockRestore();
    expect(await Promise.all([first, second])).toEqual([137, 137]);
  });

  it('tells what it has to say over its channel', async () => {
    const told: unknown[] = [];
    const example = service(`process.send({ kind: 'example' }, () => process.exit(4));`);
    expect(await example.run((message) => told.push(message))).toEqual({ code: 4, signal: null });
    expect(told).toEqual([{ kind: 'example' }]);
  });
});
