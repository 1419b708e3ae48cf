import { unlessAborted } from './unless-aborted';

describe('work that is waited for unless a signal is aborted', () => {
  it('gives its result, or fails as it does', async () => {
    const { signal } = new AbortController();
    await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('of the work')), signal)).rejects.toThrow('of the work');
  });

  it.each([true, false])(
    "is left for the reason of the signal, aborted before: %s; what comes of it is nobody's",
    async (before) => {
      const stopping = new AbortController();
      const reason = new Error('stopped');
      if (before) stopping.abort(reason);
      let fail: (error: Error) => void;
      const left = unlessAborted(new Promise((_, reject) => (fail = reject)), stopping.signal);
      stopping.abort(reason);
      await expect(left).rejects.toBe(reason);
      fail!(new Error('later'));
      await new Promise(setImmediate);
    },
  );
});
