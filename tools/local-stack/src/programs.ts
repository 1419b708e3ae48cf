import { spawnSync } from 'node:child_process';

/** A program that the stack needs is not on this machine; the message says how to get it. */
export class MissingProgramError extends Error {
  constructor(readonly programs: readonly string[]) {
    super(`missing: ${programs.map(withRemedy).join('; ')}`);
    this.name = 'MissingProgramError';
  }
}

const REMEDIES: Record<string, string> = {
  'redis-server': 'Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis',
  'redis-cli': 'comes with redis-server',
  java: 'Java 17 or later; Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17',
  moto: "an S3 test server: python3 -m pip install 'moto[server,s3]>=5.1'",
  openssl: 'Debian, Ubuntu: apt-get install openssl; macOS: brew install openssl',
  mvn: 'fetches Kafka; Debian, Ubuntu: apt-get install maven; macOS: brew install maven',
};

/** How those are asked for that are no program with a `--version`. */
const PROBES: Record<string, { command: string; args: string[]; mustSucceed?: true }> = {
  java: { command: 'java', args: ['-version'] },
  openssl: { command: 'openssl', args: ['version'] },
  moto: {
    command: 'python3',
    // With what its server needs: the package alone may be there for another's specs.
    args: ['-c', 'import moto.server'],
    // That a package is not there, Python says by its status.
    mustSucceed: true,
  },
};

/** @throws MissingProgramError naming all that are missing at once */
export function requirePrograms(programs: readonly string[]): void {
  const missing = missingPrograms(programs);
  if (missing.length > 0) throw new MissingProgramError(missing);
}

/** Those that are not on this machine. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => !isInstalled(program));
}

const withRemedy = (program: string) => `${program} (${REMEDIES[program] ?? 'install it'})`;

function isInstalled(program: string): boolean {
  const { command, args, mustSucceed } = PROBES[program] ?? { command: program, args: ['--version'] };
  const { error, status } = spawnSync(command, args, { env: process.env, stdio: 'ignore' });
  // What a program says of a version does not matter.
  return error === undefined && (!mustSucceed || status === 0);
}
