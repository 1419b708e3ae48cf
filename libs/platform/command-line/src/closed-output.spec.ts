import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const INDEX = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));

/** Runs a program whose output, or of the streams those named, nobody reads. */
async function runUnread(program: string, unread: readonly ('stdout' | 'stderr')[]) {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of unread) child[stream].destroy();
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe('a program whose output nobody reads', () => {
  const WORK = `
    const write = (stream) => new Promise((done) => { stream.write('one\\n'); setTimeout(done, 20); });
    const work = async (stream) => { await write(stream); await write(stream); process.exitCode = 7; };`;

  it.each(['stdout', 'stderr'] as const)('finishes its work without a word of it, where that is %s', async (stream) => {
    const program = `require(${INDEX}).allowClosedOutput(); ${WORK} void work(process.${stream});`;
    expect(await runUnread(program, [stream])).toEqual({ code: 7, text: '' });
  });

  it.each(['stdout', 'stderr'] as const)(
    'may end for it, where it has no end of its own and that is %s',
    async (stream) => {
      const program = `
      require(${INDEX}).allowClosedOutput(() => process.exit(5));
      setInterval(() => process.${stream}.write('still here\\n'), 10);`;
      expect(await runUnread(program, [stream])).toEqual({ code: 5, text: '' });
    },
  );

  it('still fails for another error', async () => {
    const program = `require(${INDEX}).allowClosedOutput();
      process.stdout.emit('error', Object.assign(new Error('no space left'), { code: 'ENOSPC' }));`;
    expect(await runUnread(program, [])).toEqual({ code: 1, text: expect.stringContaining('no space left') });
  });
});
