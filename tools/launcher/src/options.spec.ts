import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseOptions } from './options';

/** Built. */
const MAIN = join(__dirname, '..', 'dist', 'main.js');

const parse = (line: string) =>
  parseOptions(line === '' ? [] : line.split(' '), { exitOverride: true, defaultDataDirectory: '/default' });

describe('the command line', () => {
  it('starts the simulated world by default', () => {
    expect(parse('')).toMatchObject({
      dataset: 'simulator',
      dataDirectory: '/default',
      fresh: false,
      port: 7_000,
      onceAndExit: false,
    });
    expect(parse('').world).toEqual({ seed: 1, users: 800, videos: 800, days: 10 });
    expect(parse('').given.size).toBe(0);
  });

  it('tells what was given from what was not', () => {
    const options = parse('--users 60 --days 3 --data /elsewhere');
    expect(options.world).toEqual({ seed: 1, users: 60, videos: 200, days: 3 });
    expect([...options.given].sort()).toEqual(['data', 'days', 'users']);
  });

  it('tells the code of each signal that the launcher hears', () => {
    const { stdout } = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' });
    expect(stdout).toMatch(/130 [^,]*\(SIGINT\), 143 [^,]*\(SIGTERM\),\s129 [^,]*\(SIGHUP\)/);
  });

  it('takes a data set with its folder', () => {
    expect(parse('--dataset kuairand --path /data/kuairand')).toMatchObject({
      dataset: 'kuairand',
      path: '/data/kuairand',
    });
  });

  it('takes a table with its mapping', () => {
    expect(parse('--dataset table --path log.csv --mapping m.json')).toMatchObject({
      mappingFile: 'm.json',
      yes: false,
    });
    expect(parse('--dataset table --path log.csv --yes')).toMatchObject({ mappingFile: undefined, yes: true });
  });

  it.each([
    ['--users 0', /from 1/],
    ['--users many', /whole number/],
    ['--port 70000', /65535/],
    ['--dataset movies', /Allowed choices/],
    ['--dataset kuairand', /needs --path/],
    ['--path /somewhere', /--path is for/],
    ['--dataset movietweetings', /needs --path/],
    ['--dataset kuairand --path x --mapping m', /--mapping is for/],
    ['--dataset kuairand --path x --yes', /--yes is for --dataset table/],
    ['--yes', /--yes is for --dataset table/],
    ['--dataset kuairand --path x --seed 1', /--seed is for --dataset simulator/],
    ['--dataset table --path x --users 5000', /--users is for --dataset simulator/],
    ['--dataset kuairand --path x --videos 9', /--videos is for --dataset simulator/],
    ['--dataset kuairand --path x --days 3', /--days is for --dataset simulator/],
    ['--data ', /--data.*empty/],
    ['--data s3://bucket', /--data.*path on this machine/],
    ['--dataset kuairand --path ', /--path.*empty/],
    ['--json /no/such/folder/report.json', /\/no\/such\/folder cannot be written to \(ENOENT\)/],
    [
      '--users 1000000 --days 365',
      /--users times --days may be at most \d{5,}\. [^]*simulate -- archive .*--users 1000000 /,
    ],
    ['--wat', /unknown option/],
    ['extra', /too many arguments/],
  ])('refuses %s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });
});
