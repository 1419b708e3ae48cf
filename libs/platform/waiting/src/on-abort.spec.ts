import { getEventListeners } from 'node:events';
import { onAbort } from './on-abort';

describe('a listener to an abort', () => {
  it.each(['before', 'after'])('is called once, where the abort comes %s it', (when) => {
    const stopping = new AbortController();
    const heard = jest.fn();
    if (when === 'before') stopping.abort();
    onAbort(stopping.signal, heard);
    stopping.abort();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
  });

  it('hears nothing, and leaves nothing on the signal, once it is ended', () => {
    const stopping = new AbortController();
    const heard = jest.fn();
    onAbort(stopping.signal, heard)();
    expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
    stopping.abort();
    expect(heard).not.toHaveBeenCalled();
  });

  it('is never called where there is no signal', () => {
    const heard = jest.fn();
    onAbort(undefined, heard)();
    expect(heard).not.toHaveBeenCalled();
  });
});
