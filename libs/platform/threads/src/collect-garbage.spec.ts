import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from './collect-garbage';

describe('collecting garbage', () => {
  it('lets go of what nothing knows of any more', async () => {
    const known = { bytes: new ArrayBuffer(8) };
    const here = new WeakRef(known);
    const gone = new WeakRef({ bytes: new ArrayBuffer(8) });
    // A weak reference holds on until the turn of the event loop that made it is over.
    await sleep(1);
    collectGarbage();
    expect(here.deref()).toBe(known);
    expect(gone.deref()).toBeUndefined();
  });
});
