import { SIGNAL_EXIT_CODES_HELP, stopOnSignals, type StopSignal } from './stop-on-signals';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

describe('a program that signals stop', () => {
  afterEach(() => SIGNALS.forEach((name) => process.removeAllListeners(name)));
  const heard = () => SIGNALS.filter((name) => process.listenerCount(name) > 0);
  const send = (name: StopSignal) => process.emit(name);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is told by %s, and ends with %i', (name, exitCode) => {
    const reason = new Error('the next run goes on');
    const stopping = stopOnSignals({ reason });
    expect(stopping.signal.aborted).toBe(false);
    send(name);
    expect([stopping.signal.reason, stopping.exitCode]).toEqual([reason, exitCode]);
    expect(SIGNAL_EXIT_CODES_HELP).toContain(`${exitCode} `);
    expect(SIGNAL_EXIT_CODES_HELP).toContain(`(${name})`);
  });

  it('is ended by a second one, of whatever name', () => {
    stopOnSignals();
    expect(heard()).toEqual(['SIGINT', 'SIGTERM']);
    send('SIGINT');
    expect(heard()).toEqual([]);
  });

  it('may hear more of them, and the later ones too; the first decides about the code', () => {
    const later: string[] = [];
    const stopping = stopOnSignals({ signals: SIGNALS, onSecond: () => later.push('later') });
    send('SIGHUP');
    send('SIGINT');
    send('SIGTERM');
    expect(stopping.exitCode).toBe(129);
    expect(later).toEqual(['later', 'later']);
  });

  it('may stop for another reason, with the code of the signal that it stands for', () => {
    const stopping = stopOnSignals();
    stopping.stop('SIGTERM');
    stopping.stop('SIGINT');
    expect([stopping.signal.aborted, stopping.exitCode]).toEqual([true, 143]);
  });

  it('can still be ended where it stops for another reason: the first signal is heard, a second one ends it', () => {
    const stopping = stopOnSignals();
    stopping.stop('SIGINT');
    expect(heard()).toEqual(['SIGINT', 'SIGTERM']);
    send('SIGTERM');
    expect([heard(), stopping.exitCode]).toEqual([[], 130]);
  });

  it('takes the first signal after another reason for no second one', () => {
    const later: string[] = [];
    stopOnSignals({ onSecond: () => later.push('later') }).stop('SIGINT');
    send('SIGINT');
    expect(later).toEqual([]);
    send('SIGINT');
    expect(later).toEqual(['later']);
  });
});
