#!/usr/bin/env node
/** npm run check:generators: all generators, and every project built and linted after them. */
import { allowClosedOutput } from '@watchnext/command-line';
import { checkGenerated, generateAll } from './try-out';

allowClosedOutput();

const say = (text: string) => void process.stdout.write(`${text}\n`);

try {
  const copy = generateAll(say);
  try {
    checkGenerated(copy, true, say);
    say('what the generators make passes');
  } finally {
    copy.remove();
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
