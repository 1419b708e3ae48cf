import { closeInOrder } from './close-in-order';

describe('closing in order', () => {
  it('waits for each before the next', async () => {
    const done: string[] = [];
    const later = async () => {
      await new Promise(setImmediate);
      done.push('later');
    };
    await closeInOrder([later, () => done.push('next')]);
    expect(done).toEqual(['later', 'next']);
  });

  it('goes on after one that fails, and throws the first error at the end', async () => {
    const closed = jest.fn();
    const closers = [
      () => Promise.reject(new Error('first')),
      closed,
      () => {
        throw new Error('second');
      },
      closed,
    ];
    await expect(closeInOrder(closers)).rejects.toThrow('first');
    expect(closed).toHaveBeenCalledTimes(2);
  });
});
