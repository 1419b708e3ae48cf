import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const THREADS = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));
/** Runs what follows as the first process of its own. */
const CONTAINED = ['unshare', '--map-root-user', '--pid', '--fork'] as const;
/** Of a process that waits for its threads as long as they need: on a loaded machine a second may be too short. */
const STILL_CLOCK = 'performance.now = () => 0;';

describe('ending at once', () => {
  let folder: string;
  let program: string;
  let first: string;
  let next: string;
  let goOn: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-end-at-once-'));
    [program, first, next, goOn] = ['program.js', 'first', 'next', 'go-on'].map((name) => join(folder, name));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function ended(
    source: string,
    [command, ...args]: readonly [string, ...string[]] = [process.execPath],
  ): Promise<{ code: number | null; signal: string | null; text: string }> {
    const child = spawn(command, [...args, '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return { code, signal, text };
  }

  /** A process that ends at once with 3 amid a call that blocks its thread until `goOn` exists, when another waits behind it. */
  function endsAmid(node?: readonly [string, ...string[]], before = ''): ReturnType<typeof ended> {
    writeFileSync(
      program,
      `const { answerCalls } = require(${THREADS});
      const { existsSync, writeFileSync } = require('node:fs');
      answerCalls({
        block(file) {
          writeFileSync(file + '.begun', '');
          while (!existsSync(${JSON.stringify(goOn)}));
          writeFileSync(file, '');
        },
      });`,
    );
    return ended(
      `
      ${before}
      const { endAtOnce, Thread } = require(${THREADS});
      const { existsSync } = require('node:fs');
      const [program, first, next] = ${JSON.stringify([program, first, next])};
      const thread = new Thread(program);
      const say = (word) => () => console.log(word);
      thread.call('block', first).then(say('answered'), say('failed'));
      thread.call('block', next).then(say('answered'), say('failed'));
      setInterval(() => {
        if (!existsSync(first + '.begun')) return;
        setImmediate(say('a turn later'));
        endAtOnce(3);
      }, 5);`,
      node,
    );
  }

  it('lets a call under way finish, and begins nothing else on any thread', async () => {
    // Begins to wait once it has told its threads that it ends.
    const freeingWait = `
      const { wait } = Atomics;
      Atomics.wait = (...args) => {
        require('node:fs').writeFileSync(${JSON.stringify(goOn)}, '');
        return wait(...args);
      };`;
    expect(await endsAmid(undefined, STILL_CLOCK + freeingWait)).toEqual({ code: 3, signal: null, text: '' });
    expect([first, `${next}.begun`].map((file) => existsSync(file))).toEqual([true, false]);
  });

  it('is a kill where a call goes on for more than a second, and says so', async () => {
    expect(await endsAmid()).toEqual({
      code: null,
      signal: 'SIGKILL',
      text: 'a thread is amid a call after 1000 ms: the process kills itself\n',
    });
  });

  // The first process of a container is sent no signal from inside it, not even that one.
  (spawnSync(CONTAINED[0], [...CONTAINED.slice(1), 'true']).status === 0 ? it : it.skip)(
    'is an abort there in a container, whose first process cannot kill itself',
    async () => {
      const { signal, text } = await endsAmid([...CONTAINED, process.execPath]);
      expect(['SIGABRT', 'SIGSEGV']).toContain(signal);
      expect(text).toMatch(/^a thread is amid a call after 1000 ms: the process kills itself\n/);
    },
  );

  it('waits for a program that is being loaded', async () => {
    writeFileSync(
      program,
      `require('node:fs').writeFileSync(${JSON.stringify(first)}, '');
      require(${THREADS}).answerCalls({});`,
    );
    const source = `
      ${STILL_CLOCK}
      const { endAtOnce, Thread } = require(${THREADS});
      new Thread(${JSON.stringify(program)});
      endAtOnce(3);`;
    expect(await ended(source)).toEqual({ code: 3, signal: null, text: '' });
    expect(existsSync(first)).toBe(true);
  });

  it('does not wait for a thread that is lost', async () => {
    writeFileSync(
      program,
      `require(${THREADS}).answerCalls({
        fail: () => new Promise(() => setImmediate(() => { throw new Error('lost'); })),
      });`,
    );
    const source = `
      const { endAtOnce, Thread } = require(${THREADS});
      new Thread(${JSON.stringify(program)}, () => endAtOnce(3)).call('fail').catch(() => undefined);`;
    expect(await ended(source)).toEqual({ code: 3, signal: null, text: '' });
  });
});
