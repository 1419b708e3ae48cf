import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a thread whose work nobody waits for', () => {
  onLinux.each([
    ['', 10],
    ['YIELDS.somewhat', 5],
  ])('goes behind the others of its process, which stay as they are: by (%s)', async (by, falls) => {
    const program = `
      const { yieldToOthers, YIELDS } = require('@watchnext/threads');
      const { getPriority } = require('node:os');
      yieldToOthers(${by});
      require('node:worker_threads').parentPort.postMessage(getPriority());`;
    const before = getPriority();
    const worker = new Worker(program, { eval: true });
    const [priority] = (await once(worker, 'message')) as [number];
    expect(priority).toBe(Math.min(19, before + falls));
    expect(getPriority()).toBe(before);
  });
});
