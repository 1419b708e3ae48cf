import { closeInOrder, withOwned } from './close-in-order';

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

describe('work with what is closed after it', () => {
  const closed: string[] = [];
  beforeEach(() => (closed.length = 0));
  const closing = (name: string) => ({ name, close: () => closed.push(name) });
  const failing = { close: () => Promise.reject(new Error('of a close')) };

  it('gives its result when all is closed, the last first', async () => {
    const work = withOwned(async (own) => own(closing('first')).name + own(closing('last')).name);
    expect(await work).toBe('firstlast');
    expect(closed).toEqual(['last', 'first']);
  });

  it.each([
    ['what fails to close', () => 'result', 'of a close'],
    ['its own error rather', () => Promise.reject(new Error('of the work')), 'of the work'],
  ])('fails by %s, with the rest closed', async (_, result, message) => {
    const work = withOwned(async (own) => {
      own(closing('first'));
      own(failing);
      own(closing('last'));
      return result();
    });
    await expect(work).rejects.toThrow(message);
    expect(closed).toEqual(['last', 'first']);
  });
});
