/** Commands that documents show can be run: their programs have the subcommands and options, Decisions are of their day. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../src/describe/sources';
import { gitPaths } from '../src/git-paths';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const documents = gitPaths(ROOT, 'ls-files', '*.md').filter(
  (path) => !/^(docs\/decisions|\.nx)\//.test(path) && existsSync(join(ROOT, path)),
);

interface Shown {
  readonly document: string;
  readonly line: string;
  /** From the root, as "tools/bench/dist/main.js". */
  readonly program: string;
  /** Words after it, those that its script begins with among them. */
  readonly words: readonly string[];
}

/** What is built; what else Node is given here does its work whatever it is asked. */
const PROGRAM = /\bnode ((?:apps|tools)\/[\w/-]+\/dist\/[\w/-]+\.js)((?: [\w-]+)*)$/;

/** Up to the end of the line or of what is quoted, or where the shell or a comment goes on. */
function shownIn(document: string, text: string): Shown[] {
  return [
    ...text.matchAll(
      /\b(?:npm run ([a-z][a-z:-]*)|npm (start)|(node (?:apps|tools)\/[\w/-]+\.js))((?: [^`\n|#;&]*)?)/g,
    ),
  ].flatMap(([line, script, start, direct, rest = '']) => {
    const [, program, preset = ''] = PROGRAM.exec(direct ?? scripts[(script ?? start) as string] ?? '') ?? [];
    if (program === undefined) return [];
    // Without "--" npm would take options for its own.
    const given = direct === undefined ? (/^ -- (.*)$/.exec(rest)?.[1] ?? '') : rest;
    return [{ document, line, program, words: `${preset} ${given}`.split(/\s+/).filter(Boolean) }];
  });
}

interface Commands {
  /** What each may be, where it is one of several. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  readonly commands: Readonly<Record<string, Commands>>;
}

/** What a program can be told. */
async function commandsOf(program: string): Promise<Commands> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--require', join(__dirname, 'tell-commands.js'), join(ROOT, program)],
    { cwd: ROOT },
  );
  return JSON.parse(stdout) as Commands;
}

/** A subcommand that its program does not have, options that neither has, or what they cannot be. */
function unknownWords({ words }: Pick<Shown, 'words'>, program: Commands): string[] {
  // What stands after another "--" is for a program that this one starts.
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  let command = program;
  for (const word of own.filter((one) => !one.startsWith('-'))) {
    const next = command.commands[word];
    const isSubcommand = command === program && Object.keys(program.commands).length > 0 && /^[a-z-]+$/.test(word);
    if (next === undefined && isSubcommand) return [word];
    if (next === undefined) break;
    command = next;
  }
  return own.flatMap((word, i) => {
    const [, option, given = own[i + 1] ?? ''] = /^(--[a-z][\w-]*)(?:=(.*))?$/.exec(word) ?? [];
    if (option === undefined || option === '--help') return [];
    const choices = command.options[option];
    if (choices === undefined) return [option];
    // In capitals stands what the reader is to put there.
    return choices.length === 0 || /^[A-Z…]/.test(given) || choices.includes(given) ? [] : [`${option} ${given}`];
  });
}

const shown = documents.flatMap((document) => shownIn(document, readFileSync(join(ROOT, document), 'utf8')));
const byProgram = new Map<string, Shown[]>();
for (const one of shown) byProgram.set(one.program, [...(byProgram.get(one.program) ?? []), one]);

describe('what documents show to run', () => {
  it('is found', () => {
    expect(shown.length).toBeGreaterThan(150);
    expect(byProgram.size).toBeGreaterThan(15);
  });

  it.each([...byProgram.keys()].sort())('%s takes', async (program) => {
    const commands = await commandsOf(program);
    const wrong = (byProgram.get(program) ?? []).flatMap((one) =>
      unknownWords(one, commands).map((word) => `${one.document}: ${one.line.trim()}: ${word}`),
    );
    expect(wrong).toEqual([]);
  });

  it('is read with what its script begins with, and without what another program gets', () => {
    const [first, second] = shownIn(
      'a.md',
      'Run `npm run paper -- --only layers` or\nnpm run dev -- trainer --replay -- --seed 2   # …',
    );
    expect(first).toMatchObject({ program: 'tools/evaluate/dist/main.js', words: ['paper', '--only', 'layers'] });
    expect(second?.words).toEqual(['trainer', '--replay', '--', '--seed', '2']);
  });

  it.each([
    ['npm run bench -- index --vector 3 --ef 100', ['--vector']],
    ['npm run bench -- indices --ef 100', ['indices']],
    ['npm run bench:train -- --model candidate --epochs 3', ['--epochs']],
    ['npm run bench:train -- --model candidates', ['--model candidates']],
    ['npm run bench:train -- --model=ranking', []],
    ['npm run bench:train -- --model MODEL', []],
  ])('is wrong in "%s"', (line, wrong) => {
    const bench: Commands = {
      options: {},
      commands: {
        index: { options: { '--vectors': [], '--ef': [] }, commands: {} },
        train: { options: { '--model': ['candidate', 'ranking'] }, commands: {} },
      },
    };
    expect(shownIn('a.md', line).flatMap((one) => unknownWords(one, bench))).toEqual(wrong);
  });
});
