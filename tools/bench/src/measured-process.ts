/** Work in a process of its own, so that the memory and the processor time that are measured are its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { stopToo } from '@watchnext/end-to-end';

/** @param program what calls `tellFigures` of ./tell-figures @throws Error where it ends without having told any */
export async function measuredInProcess<Figures>(program: string, args: readonly string[]): Promise<Figures> {
  const child = fork(program, args);
  // After all that it sent.
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const stopped = stopToo(async () => {
    child.kill();
    await closed;
  });
  let figures: Figures | undefined;
  child.once('message', (told) => (figures = told as Figures));
  try {
    const [code, signal] = await closed;
    if (code === 0 && figures !== undefined) return figures;
    throw new Error(`${basename(program)} ended with ${signal ?? code}${code === 0 ? ', and told nothing' : ''}`);
  } finally {
    stopped();
  }
}
