/** Every app alone, from its built main, against the recording that is under version control. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/testing';
import { develop, replay, runOnce } from '../src';
import { setUp } from '../src/develop';
import { watchBuild } from '../src/build-watch';

const quiet = { WATCHNEXT_LOG_LEVEL: 'error', WATCHNEXT_LOG_FORMAT: 'json' };
const UNHEARD = new AbortController().signal;
const kept = { ...process.env };
beforeAll(() => Object.assign(process.env, quiet));
afterAll(() => (process.env = kept));

describe('npm run dev', () => {
  it.each(['ranking', 'retrieval', 'gateway', 'ingestion'] as const)(
    'starts %s alone, and it answers as recorded',
    async (app) => {
      const lines: string[] = [];
      const { askedCount, sameCount } = await replay({ app }, (line) => lines.push(line), UNHEARD);
      expect({ sameCount, lines: sameCount === askedCount ? [] : lines }).toEqual({ sameCount: askedCount, lines: [] });
      expect(askedCount).toBeGreaterThan(0);
    },
  );

  it('runs the trainer once on the recorded archive', async () => {
    expect(await runOnce({ app: 'trainer' }, UNHEARD)).toBe(0);
  });

  it('lets the gateway go down its ladder where a neighbour is left out', async () => {
    const lines: string[] = [];
    await replay({ app: 'gateway', without: ['ranking'] }, (line) => lines.push(line), UNHEARD);
    expect(lines.join('\n')).toContain('200 retrieval-order');
  });

  it('names the neighbours there are', async () => {
    await expect(setUp({ app: 'gateway', without: ['nobody'] }, () => undefined)).rejects.toThrow(
      'it has retrieval, ranking, ingestion',
    );
  });

  it('says how to make a recording where there is none', async () => {
    await expect(setUp({ app: 'ranking', recording: '/nowhere' }, () => undefined)).rejects.toThrow(
      'npm run dev -- record --to /nowhere',
    );
  });
});

describe('npm run dev at a signal', () => {
  const silent = () => undefined;
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'watchnext-dev-spec-'));
    // Folders of whoever else develops on this machine are none of ours.
    jest.spyOn(jest.requireActual<typeof import('node:os')>('node:os'), 'tmpdir').mockReturnValue(temporary);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(temporary, { recursive: true });
  });
  /** Processes and listeners of this program. */
  const held = () => process.getActiveResourcesInfo().filter((name) => /^Process|Server/.test(name));
  const expectNothingLeft = async () => {
    expect(readdirSync(temporary)).toEqual([]);
    // Handles are closed a moment after what they were of.
    await eventually(() => expect(held()).toEqual([]));
  };

  it('takes down what was set up when it came: processes, listeners and folders', async () => {
    await develop({ app: 'gateway', port: 0 }, silent, AbortSignal.abort());
    await expectNothingLeft();
  });

  it.each([
    ['before', 0],
    ['while', 700],
  ])('ends a replay and a training %s they run', async (_when, afterMs) => {
    const interrupted = () => {
      const controller = new AbortController();
      const abort = () => controller.abort(new Error('interrupted'));
      if (afterMs === 0) abort();
      else setTimeout(abort, afterMs);
      return controller.signal;
    };
    await expect(replay({ app: 'gateway' }, silent, interrupted())).rejects.toThrow('interrupted');
    await expect(runOnce({ app: 'trainer' }, interrupted())).rejects.toThrow('interrupted');
    await expectNothingLeft();
  });
});

describe('watching the build', () => {
  it('tells of each build without errors, and of errors', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-build-'));
    const source = (text: string) => writeFileSync(join(folder, 'src', 'index.ts'), text);
    mkdirSync(join(folder, 'src'));
    source('export const a: number = 1;\n');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { composite: true, rootDir: 'src', outDir: 'dist', types: [] } }),
    );
    let builds = 0;
    const said: string[] = [];
    /** The compiler says that it has built a moment before it watches: what changes in between is written once more. */
    const change = async (text: string, check: () => void) => {
      let writtenAtMs = 0;
      await eventually(() => {
        if (Date.now() - writtenAtMs > 2_000) {
          source(text);
          writtenAtMs = Date.now();
        }
        check();
      });
    };
    const watch = watchBuild(
      join(folder, 'tsconfig.json'),
      () => builds++,
      (line) => said.push(line),
    );
    try {
      await eventually(() => expect(builds).toBe(1));
      await change('export const a: number = "one";\n', () => expect(said.join('\n')).toContain('TS2322'));
      expect(builds).toBe(1);
      await change('export const a: number = 2;\n', () => expect(builds).toBeGreaterThan(1));
    } finally {
      await watch.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
