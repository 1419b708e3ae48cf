/** Builds an app and the libraries under it again and again, as their sources change. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..', '..');
const COMPILER = require.resolve('typescript/bin/tsc');
/** What the compiler says after each build in watch mode. */
const BUILT = /Found 0 errors\. Watching for file changes/;

export interface BuildWatch {
  stop(): Promise<void>;
}

/**
 * @param project path of a tsconfig
 * @param onBuilt called after each build without errors, the first included; what was built may be the same as before
 * @param say gets what the compiler says of errors
 */
export function watchBuild(project: string, onBuilt: () => void, say: (text: string) => void): BuildWatch {
  const compiler = spawn(process.execPath, [COMPILER, '-b', project, '--watch', '--preserveWatchOutput'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pending = '';
  compiler.stdout.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString('utf8')).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (BUILT.test(line)) onBuilt();
      else if (/error|^\s{2,}\S/.test(line)) say(line);
    }
  });
  return { stop: () => ended(compiler) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
