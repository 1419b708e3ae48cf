import { Command } from 'commander';
import { refuseUnheeded } from './refuse-unheeded';

const commandOf = (...args: string[]) =>
  new Command()
    .option('--grace-hours <n>', '', '12')
    .option('--dry', '', false)
    .option('--other')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parse(args, { from: 'user' });
const refuse = (heeded: boolean, ...args: string[]) =>
  refuseUnheeded(commandOf(...args), ['graceHours', 'dry'], heeded, 'a merge');

it.each(['--grace-hours', '--dry'])('%s is refused where it would do nothing', (option) => {
  const args = option === '--dry' ? [option] : [option, '12'];
  expect(() => refuse(false, ...args)).toThrow(`error: ${option} is for a merge`);
  expect(() => refuse(true, ...args)).not.toThrow();
});

it('what is only a default is not refused, nor an option that was not asked about', () => {
  expect(() => refuse(false, '--other')).not.toThrow();
});
