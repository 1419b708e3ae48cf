import { CommanderError } from 'commander';
import { loadConfig } from '@watchnext/config';
import { parseCommand } from './cli';
import { trainerSettings } from './settings';

describe('the command line', () => {
  const parse = (...argv: string[]) => parseCommand(argv, { exitOverride: true });

  it('has defaults', () => {
    expect(parse()).toEqual({
      once: false,
      evaluationDays: 1,
      metricsJson: undefined,
      seed: 1,
      rankingObjective: 'expected-watch-time',
      rankingPrecision: 'float32',
      overrideGate: false,
      current: true,
    });
  });

  it('takes every option', () => {
    expect(parse('--once', '--evaluation-days', '2', '--metrics-json', 'm.json', '--seed', '42')).toEqual({
      once: true,
      evaluationDays: 2,
      metricsJson: 'm.json',
      seed: 42,
      rankingObjective: 'expected-watch-time',
      rankingPrecision: 'float32',
      overrideGate: false,
      current: true,
    });
  });

  it('publishes without moving the pointer on request, of a single run alone', () => {
    expect(parse('--once', '--not-current')).toMatchObject({ once: true, current: false });
    expect(() => parse('--not-current')).toThrow(/--not-current is for a single run: give --once too/);
  });

  it.each([
    ['--evaluation-days', '0'],
    ['--evaluation-days', 'two'],
    ['--metrics-json', '/no/such/folder/m.json'],
    ['--metrics-json', __dirname],
    ['--seed', '-1'],
    ['--seed', '1e3'],
    ['--sed', '1'],
    ['extra'],
  ])('refuses %s %s', (...argv) => {
    expect(() => parse(...argv)).toThrow(CommanderError);
  });
});

describe('the environment', () => {
  it('has defaults', () => {
    expect(loadConfig(trainerSettings, {})).toMatchObject({
      WATCHNEXT_JOIN_WINDOW_HOURS: 24,
      WATCHNEXT_TENSOR_BACKEND: 'auto',
      WATCHNEXT_ACTIVITY_PARTITIONS: 4,
    });
  });

  it('refuses a schedule that is none, a window without length, and a backend that is not known', () => {
    const load = () =>
      loadConfig(trainerSettings, {
        WATCHNEXT_TRAINER_SCHEDULE: 'whenever',
        WATCHNEXT_JOIN_WINDOW_HOURS: '0',
        WATCHNEXT_SETTLED_AFTER_HOURS: '0',
        WATCHNEXT_COUNTED_AFTER_HOURS: 'soon',
        WATCHNEXT_TRAINING_DAYS: '0',
        WATCHNEXT_TENSOR_BACKEND: 'abacus',
      });
    for (const name of [
      'SCHEDULE',
      'JOIN_WINDOW_HOURS',
      'SETTLED_AFTER_HOURS',
      'COUNTED_AFTER_HOURS',
      'TRAINING_DAYS',
      'TENSOR_BACKEND',
    ]) {
      expect(load).toThrow(new RegExp(`WATCHNEXT_\\w*${name}`));
    }
  });
});
