import { Writable } from 'node:stream';
import { endByFailure } from '@watchnext/config';
import { describe as describeProgress, startTask } from './progress';

afterEach(() => jest.restoreAllMocks());

describe('progress', () => {
  it('tells count, rate and time left', () => {
    expect(describeProgress(12_000, 60_000, 'events', 2_000)).toBe(
      '12,000 of 60,000 events · 6,000 a second · 8.0 s left',
    );
    expect(describeProgress(5, 0, 'events', 100)).toBe('5 events');
  });

  it('goes by what was worked on, not by what an earlier run had done', () => {
    expect(describeProgress(950, 1_000, 'steps', 2_000, 900)).toBe('950 of 1,000 steps · 25 a second · 2.0 s left');
    expect(describeProgress(900, 1_000, 'steps', 2_000, 900)).toBe('900 of 1,000 steps');
  });

  it('leaves a terminal as it was, however the program ends, and keeps to its width', () => {
    let text = '';
    const output = Object.assign(new Writable({ write: (chunk, _, done) => ((text += chunk), done()) }), {
      isTTY: true,
      columns: 60,
    });
    const task = startTask('Sending', 'events', output);
    task.update(1, 10, 'a file whose name is longer than what is left of a line of the terminal');
    task.abandon();
    expect(text).toContain('Sending');
    // A cursor that is hidden and a wrapping that is off would outlast a program that a signal ends.
    const modes = [...text.matchAll(/\u001b\[\?\d+[hl]/g)].map(String);
    expect(modes).toEqual([]);
    const longest = Math.max(...text.split(/\u001b(?:\[\d*(?:;\d*)?[A-Z]|[78])/).map(({ length }) => length));
    expect(longest).toBeLessThanOrEqual(60);
  });

  it('takes the bar away where the program fails, once, and leaves the lines of what was done', () => {
    let text = '';
    const output = Object.assign(new Writable({ write: (chunk, _, done) => ((text += chunk), done()) }), {
      isTTY: true,
      columns: 60,
    });
    startTask('Reading', 'rows', output).finish();
    startTask('Sending', 'events', output).update(1, 10);
    const shown = text.length;
    jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
    jest.spyOn(process.stderr, 'write').mockImplementation((message) => ((text += String(message)), true));
    endByFailure(new Error('no connection'));
    const told = text.slice(shown);
    expect(told.indexOf('\u001b[2K')).toBeGreaterThanOrEqual(0);
    expect(told.indexOf('\u001b[2K')).toBeLessThan(told.indexOf('no connection'));
    expect(told).not.toContain('Reading');
    const ended = text.length;
    endByFailure(new Error('once more'));
    expect(text.slice(ended)).toBe('once more\n');
  });

  it('is plain lines where there is no terminal: some on the way, one at the end', () => {
    let text = '';
    const output = new Writable({ write: (chunk, _, done) => ((text += chunk), done()) });
    let clock = 0;
    const task = startTask('Sending', 'events', output, () => clock);
    for (let done = 100; done <= 1_000; done += 100) {
      clock += 1_000;
      task.update(done, 1_000);
    }
    task.finish('all taken');
    expect(text).toBe(
      'Sending: 500 of 1,000 events · 100 a second · 5.0 s left\nSending: 1,000 of 1,000 events · 100 a second\nSending: 1,000 events in 10 s · all taken\n',
    );
  });
});
