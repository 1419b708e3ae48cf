import { Turns } from './turns';

describe('turns of a viewer', () => {
  it('come one after the other, whether or not the one before failed, and those of others do not wait', async () => {
    const turns = new Turns();
    const told: string[] = [];
    let finish!: () => void;
    const first = turns.take(1, () => new Promise<void>((resolve) => (finish = resolve)));
    const failing = turns.take(1, async () => {
      told.push('second');
      throw new Error('lost');
    });
    const third = turns.take(1, async () => void told.push('third'));
    await turns.take(2, async () => void told.push('of another'));
    expect(turns.isBusy(1)).toBe(true);
    expect(told).toEqual(['of another']);
    finish();
    await first;
    await expect(failing).rejects.toThrow('lost');
    await third;
    expect(told).toEqual(['of another', 'second', 'third']);
    await Promise.resolve();
    expect([turns.isBusy(1), turns.isBusy(2)]).toEqual([false, false]);
  });
});
