import { ConfigError } from '@watchnext/config';
import { EventLogError } from '@watchnext/event-log';
import { requireStopped } from './require-stopped';
import { RestoreError } from './restore-topic';

describe('a restoration that is cut off', () => {
  const stopped = AbortSignal.abort(new Error('stopped'));

  it('was stopped where that is why it ended', () =>
    expect(() => requireStopped(stopped.reason, stopped)).not.toThrow());

  it.each([new ConfigError(['WATCHNEXT_DATA_DIR: another log']), new RestoreError('of another archive'), undefined])(
    'failed with %p, though a signal came as well',
    (error) => {
      for (const signal of [stopped, new AbortController().signal]) {
        let thrown: unknown = 'nothing';
        try {
          requireStopped(error, signal);
        } catch (caught) {
          thrown = caught;
        }
        expect(thrown).toBe(error);
      }
    },
  );

  it('goes on by the same command where the log was out of reach', () => {
    const gone = new EventLogError('no broker', 'unavailable', true);
    expect(() => requireStopped(gone, stopped)).toThrow(/no broker\nThe same command goes on where this one ended/);
  });
});
