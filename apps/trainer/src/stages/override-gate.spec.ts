import { overrideGate } from './override-gate';

const check = (name: string, passed: boolean) => ({ name, passed, detail: '' });

describe('overrideGate', () => {
  it('leaves a verdict alone unless it is asked for and needed', () => {
    const rejected = { passed: false, checks: [check('index-recall', false)] };
    const passed = { passed: true, checks: [check('index-recall', true)] };
    expect(overrideGate(rejected, false)).toBe(rejected);
    expect(overrideGate(passed, true)).toBe(passed);
  });

  it('passes a rejected verdict, keeps its checks and says what was overridden', () => {
    const verdict = overrideGate(
      { passed: false, checks: [check('index-recall', false), check('finite', true)] },
      true,
    );
    expect(verdict.passed).toBe(true);
    expect(verdict.checks.slice(0, 2)).toEqual([check('index-recall', false), check('finite', true)]);
    expect(verdict.checks[2]).toMatchObject({ name: 'overridden', detail: expect.stringContaining('index-recall') });
  });

  it('never passes numbers that are not finite', () => {
    const rejected = { passed: false, checks: [check('finite', false)] };
    expect(overrideGate(rejected, true)).toBe(rejected);
  });
});
