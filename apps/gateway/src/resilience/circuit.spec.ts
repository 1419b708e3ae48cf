import { type CallOutcome, Circuit, CIRCUIT_OPTIONS, type OpenReason } from './circuit';

describe('a circuit', () => {
  let nowMs: number;
  let circuit: Circuit;
  const call = (outcome: CallOutcome) => {
    const leave = circuit.enter();
    leave?.(outcome);
    return leave !== undefined;
  };
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) call('failure');
  };

  beforeEach(() => {
    nowMs = 0;
    circuit = new Circuit(CIRCUIT_OPTIONS, () => nowMs);
  });

  it('opens once half of enough calls failed, and then lets none through', () => {
    for (let i = 0; i < 4; i++) expect([call('success'), call('failure'), circuit.state].at(-1)).not.toBe('half-open');
    expect(circuit.state).toBe('open');
    expect(call('success')).toBe(false);
  });

  it('stays closed under fewer failures than that, however many calls there are', () => {
    for (let i = 0; i < 100; i++) call(i % 3 === 0 ? 'failure' : 'success');
    expect(circuit.state).toBe('closed');
  });

  it('does not judge by a few calls, nor by those that their caller gave up', () => {
    fail(7);
    for (let i = 0; i < 50; i++) call('neither');
    expect(circuit.state).toBe('closed');
    fail(1);
    expect(circuit.state).toBe('open');
  });

  it('tells each time that it opens, after a failed probe too', () => {
    let openings = 0;
    circuit.onOpen(() => openings++);
    fail(8);
    expect(openings).toBe(1);
    nowMs = 1_000;
    fail(1);
    expect(openings).toBe(2);
    nowMs = 2_000;
    call('success');
    expect([openings, circuit.state]).toEqual([2, 'closed']);
  });

  it.each([
    ['overload', 'was turned away', 0, 8],
    ['overload', 'was mostly turned away', 3, 5],
    ['failure', 'failed as often as opens it alone', 4, 4],
  ] as const)('opens for %s where what it called %s', (reason, _, failed, overloaded) => {
    const reasons: OpenReason[] = [];
    circuit.onOpen((why) => reasons.push(why));
    fail(failed);
    for (let i = 0; i < overloaded; i++) call('overload');
    nowMs = 1_000;
    call('overload');
    nowMs = 2_000;
    call('failure');
    expect(reasons).toEqual([reason, 'overload', 'failure']);
  });

  it('lets one call try after a while, and turns the others away meanwhile', () => {
    fail(8);
    nowMs = 999;
    expect(circuit.enter()).toBeUndefined();
    nowMs = 1_000;
    const probe = circuit.enter();
    expect(probe).toBeDefined();
    expect(circuit.state).toBe('half-open');
    expect(circuit.enter()).toBeUndefined();
    probe!('success');
    expect(circuit.state).toBe('closed');
    expect(call('success')).toBe(true);
  });

  it('is half open once a call may try, though none has come', () => {
    fail(8);
    nowMs = 999;
    expect(circuit.state).toBe('open');
    nowMs = 1_000;
    expect(circuit.state).toBe('half-open');
    fail(1);
    expect(circuit.state).toBe('open');
  });

  it('opens anew when that call fails, and lets another try when nothing came of it', () => {
    fail(8);
    nowMs = 1_000;
    circuit.enter()!('neither');
    circuit.enter()!('failure');
    expect(circuit.state).toBe('open');
    nowMs = 1_999;
    expect(circuit.enter()).toBeUndefined();
    nowMs = 2_000;
    expect(circuit.enter()).toBeDefined();
  });

  describe('of calls that are late for callers in a hurry', () => {
    const hurry = (times: number) => {
      for (let i = 0; i < times; i++) call('hurried');
    };

    it('opens once that went on for a while and nothing succeeded', () => {
      const reasons: OpenReason[] = [];
      circuit.onOpen((why) => reasons.push(why));
      hurry(50);
      nowMs = 999;
      hurry(1);
      expect(circuit.state).toBe('closed');
      nowMs = 1_000;
      hurry(1);
      expect([circuit.state, reasons]).toEqual(['open', ['failure']]);
    });

    it.each(['success', 'overload'] as const)('stays closed where another call is answered: %s', (outcome) => {
      for (; nowMs < 60_000; nowMs += 300) {
        hurry(3);
        // As many as do not open it by themselves.
        if (nowMs % 900 === 0) call(outcome === 'overload' && nowMs % 1_800 === 0 ? 'overload' : 'success');
      }
      expect(circuit.state).toBe('closed');
    });

    it('stays closed where they come in bursts, with more than that while between them', () => {
      for (; nowMs < 60_000; nowMs += 1_001) hurry(20);
      expect(circuit.state).toBe('closed');
    });

    it('lets another try where one of them was the probe: it is neither opened nor closed by it', () => {
      fail(8);
      nowMs = 1_000;
      hurry(3);
      expect(circuit.state).toBe('half-open');
      call('success');
      expect(circuit.state).toBe('closed');
    });
  });

  it('begins with a clean slate once it is closed again, whatever older calls still come to', () => {
    const old = circuit.enter()!;
    fail(8);
    old('failure');
    nowMs = 1_000;
    call('success');
    fail(7);
    expect(circuit.state).toBe('closed');
  });
});
