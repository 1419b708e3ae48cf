import { resolve } from 'node:path';
import type { FolderState } from './data-folder';
import { parseOptions } from './options';
import { refuseOtherOptions } from './refuse-other-options';

const WORLD = { seed: 1, users: 800, videos: 800, days: 10, endMs: 5 };
const SIMULATED: FolderState = { version: 1, dataset: 'simulator', world: WORLD, loaded: true };
const TABLE: FolderState = {
  version: 1,
  dataset: 'table',
  path: resolve('log.csv'),
  mapping: resolve('log.csv.mapping.json'),
  loaded: true,
};
const OF_EARLIER_VERSION: FolderState = { version: 1, dataset: 'table', loaded: true };

const start = (state: FolderState, line: string) => () =>
  refuseOtherOptions(
    state,
    parseOptions(line === '' ? [] : line.split(' '), { exitOverride: true, defaultDataDirectory: '/default' }),
  );

describe('a folder that was filled before', () => {
  it.each([
    [SIMULATED, ''],
    [SIMULATED, '--users 800 --seed 1'],
    [TABLE, ''],
    [TABLE, '--dataset table --path log.csv'],
    [TABLE, '--dataset table --path ./log.csv --mapping ./log.csv.mapping.json'],
    [OF_EARLIER_VERSION, ''],
    [OF_EARLIER_VERSION, '--dataset table --path log.csv --mapping other.json'],
  ])('goes on: %j with "%s"', (state, line) => {
    expect(start(state, line)).not.toThrow();
  });

  it.each([
    [SIMULATED, '--users 900 --days 3', /filled otherwise: --users 900 \(it holds 800\), --days 3 \(it holds 10\)$/],
    [SIMULATED, '--dataset table --path log.csv', /--dataset table \(it holds simulator\)$/],
    [TABLE, '--seed 2', /--seed 2 \(it holds none\)$/],
    [TABLE, '--dataset table --path b.csv', /--path b.csv \(it holds .*log.csv\)$/],
    [
      TABLE,
      '--dataset table --path log.csv --mapping b.json',
      /: --mapping b.json \(it holds .*log.csv.mapping.json\)$/,
    ],
  ])('does not go on with other data: %j with "%s"', (state, line, message) => {
    expect(start(state, line)).toThrow(message);
  });
});
