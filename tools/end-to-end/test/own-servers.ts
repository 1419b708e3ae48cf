import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JARS_DIRECTORY } from '../src';

/**
 * A block of specs on servers of their own. Where Java, Redis or Kafka's jars are missing it is shown as skipped, by
 * their names; under CI=true it fails.
 */
export function describeOnOwnServers(name: string, specs: () => void): void {
  describe(name, () => {
    const missing = missingPrograms();
    if (missing.length === 0) return specs();
    const needs = `needs ${missing.join(', ')}`;
    if (process.env['CI'] !== 'true') return it.skip(needs, () => undefined);
    it(needs, () => {
      throw new Error(`${needs}, and CI=true allows no skipping`);
    });
  });
}

function missingPrograms(): string[] {
  const isMissing = (program: string, argument: string) =>
    spawnSync(program, [argument], { stdio: 'ignore' }).error !== undefined;
  return [
    ...(isMissing('java', '-version') ? ['Java 17'] : []),
    ...(isMissing('redis-server', '--version') ? ['redis-server'] : []),
    ...(existsSync(join(JARS_DIRECTORY, 'kafka'))
      ? []
      : ["Kafka's jars (run npm run stack:up once, or set WATCHNEXT_STACK_DIR to its folder)"]),
  ];
}
