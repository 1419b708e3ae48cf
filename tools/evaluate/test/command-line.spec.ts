/** What command lines refuse before any work begins. */
import { Command } from 'commander';
import { addCandidateCommand } from '../src/candidates/command';
import { addOptionsCommand } from '../src/options/command';
import { addPaperCommand } from '../src/paper/command';
import { addRankingCommand } from '../src/ranking/command';
import { addRankingOptionsCommand } from '../src/ranking-options/command';
import { addWarmStartCommand } from '../src/warm-start/command';

function run(...args: string[]): Promise<unknown> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const add of [
    addCandidateCommand,
    addOptionsCommand,
    addPaperCommand,
    addRankingCommand,
    addRankingOptionsCommand,
    addWarmStartCommand,
  ])
    add(program);
  return program.parseAsync(args, { from: 'user' });
}

describe('a file that is written at the end', () => {
  const missing = '/no/such/folder/report';
  it.each([
    ['candidates', ['--archive', missing, '--json', missing]],
    ['ranking', ['--archive', missing, '--json', missing]],
    ['warm-start', ['--archive', missing, '--from', '2026-11-24', '--json', missing]],
    ['paper', ['--on', 'nothing', '--html', missing]],
    ['paper', ['--on', 'nothing', '--json', missing]],
    ['options', ['--on', 'nothing', '--json', missing]],
  ])('is refused of %s %j where its folder is not there', async (name, args) => {
    await expect(run(name, ...args)).rejects.toThrow('the folder /no/such/folder cannot be written to (ENOENT).');
  });

  it.each([
    ['candidates', ['--archive', missing, '--json', __dirname]],
    ['paper', ['--on', 'nothing', '--markdown', __dirname]],
    ['ranking-options', ['--markdown', __dirname]],
  ])('is refused of %s %j as a folder', async (name, args) => {
    await expect(run(name, ...args)).rejects.toThrow(`${__dirname} is a folder, not a file.`);
  });
});

it.each([
  ['candidates', ['--test-from', '7']],
  ['ranking', ['--archive', __dirname, '--test-from', '7']],
  ['warm-start', ['--archive', __dirname, '--from', '7']],
])('%s %j is refused, as 7 is no time', async (name, args) => {
  await expect(run(name, ...args)).rejects.toThrow('it must be a date or a time as 2026-11-21');
});

it('candidates without models and without baselines are refused: no row would be left', async () => {
  const args = ['--no-models', '--no-baselines', '--archive', '/no/such/folder'];
  await expect(run('candidates', ...args)).rejects.toThrow('--no-models and --no-baselines leave nothing to evaluate');
});

it.each(['', ' ', 'soon', '-1'])('a page that is to take %j minutes is refused', async (minutes) => {
  await expect(run('paper', '--on', 'nothing', '--minutes', minutes)).rejects.toThrow('a number of minutes from 0');
});
