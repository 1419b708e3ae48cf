/** The loops by which runbooks wait for a Job are run as they stand there, against a kubectl that says what it is told to. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './sources';

const RUNBOOKS = join(ROOT, 'docs/runbooks');
/** From a line that begins a loop to its `done`, comment included. */
const LOOP = /^(?:until|while) [^]*?\bdone\b.*$/gm;

const loops = readdirSync(RUNBOOKS)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => {
    const blocks = [...readFileSync(join(RUNBOOKS, name), 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)];
    return blocks.flatMap(([, block = '']) => (block.match(LOOP) ?? []).map((loop) => ({ name, loop })));
  });

/** Prints, at each call, the next line of `answers`; fails where that is "!". */
const KUBECTL = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
printf '%s\\n' "$*" >> calls
answer=$(sed -n "$(wc -l < calls)p" answers)
case "$answer" in
  '!') echo 'Error from server (NotFound): jobs.batch "it" not found' >&2; exit 1 ;;
  *) printf '%s' "$answer" ;;
esac
`;
/** Takes no time, and ends a loop that goes on after all was said. */
const SLEEP = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
[ "$(wc -l < calls)" -lt "$(wc -l < answers)" ] || kill -9 "$PPID"
`;

describe('waits for Jobs in runbooks', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-runbook-waits-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** @returns what it prints, and how often it asked */
  function run(loop: string, answers: readonly string[]) {
    for (const [name, text] of Object.entries({ kubectl: KUBECTL, sleep: SLEEP }))
      writeFileSync(join(folder, name), text, { mode: 0o755 });
    writeFileSync(join(folder, 'calls'), '');
    writeFileSync(join(folder, 'answers'), answers.map((answer) => `${answer}\n`).join(''));
    const printed = execFileSync('sh', ['-c', loop], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
    return { printed, askedCount: calls.length, calls };
  }

  it('are there', () => expect(loops.length).toBeGreaterThan(2));

  it.each(loops)('of $name end as the Job does, done or failed, and say which', ({ loop }) => {
    // A Job says beforehand what it is about to be.
    const done = run(loop, ['', 'Suspended', '', 'SuccessCriteriaMet', 'SuccessCriteriaMet Complete']);
    expect(done).toMatchObject({ printed: 'SuccessCriteriaMet Complete\n', askedCount: 5 });
    const failed = run(loop, ['', 'FailureTarget', 'FailureTarget Failed']);
    expect(failed).toMatchObject({ printed: 'FailureTarget Failed\n', askedCount: 3 });
    for (const call of failed.calls)
      expect(call).toMatch(
        /^-n watchnext get job\/\S+ -o jsonpath=\{\.status\.conditions\[\?\(@\.status=="True"\)\]\.type\}$/,
      );
  });

  it.each(loops)('of $name end where there is no such Job', ({ loop }) => {
    expect(run(loop, ['', '!', ''])).toMatchObject({ printed: '', askedCount: 2 });
  });
});
