/** Kafka's jars, fetched from Maven's repositories once and kept for every later stack. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MissingProgramError } from './programs';

const KAFKA_FOLDER = resolve(__dirname, '..', 'kafka');
const POM = join(KAFKA_FOLDER, 'pom.xml');
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Pauses before each further attempt: a repository may be busy, or the network gone for a moment. */
const RETRY_PAUSES_MS = [2_000, 10_000, 30_000];
const ATTEMPT_LIMIT_MS = 300_000;
/** Without these Maven waits half an hour for a server that fell silent. The older and the newer transport's names. */
const PATIENCE = [
  '-Dmaven.wagon.http.connectionTimeout=20000',
  '-Dmaven.wagon.rto=60000',
  '-Daether.connector.connectTimeout=20000',
  '-Daether.connector.requestTimeout=60000',
];

/** Where stacks keep their jars unless told otherwise: WATCHNEXT_STACK_DIR, or `.stack` in the repository. */
export function defaultJarsDirectory(): string {
  return process.env['WATCHNEXT_STACK_DIR'] ?? resolve(__dirname, '..', '..', '..', '.stack');
}

/** The folder of the jars of the version that this repository names, fetched or not. */
function jarsFolder(cacheDirectory: string): string {
  return join(cacheDirectory, `kafka-${kafkaVersion()}`);
}

export function hasJars(cacheDirectory: string): boolean {
  return existsSync(jarsFolder(cacheDirectory));
}

/**
 * Fetches the jars where they are missing; several processes may do so at once.
 *
 * @returns their folder
 * @throws MissingProgramError without Maven; Error with what Maven said at the last attempt
 */
export async function fetchKafka(
  cacheDirectory: string,
  onRetry: (problem: string) => void = () => undefined,
): Promise<string> {
  const jars = jarsFolder(cacheDirectory);
  if (existsSync(jars)) return jars;
  const partial = `${jars}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    for (const pauseMs of [...RETRY_PAUSES_MS, undefined]) {
      const problem = runMaven(partial);
      if (problem === undefined) break;
      if (pauseMs === undefined) throw new Error(`Maven could not fetch Kafka:\n${problem}`);
      onRetry(`Maven could not fetch Kafka, trying again in ${pauseMs / 1_000} s:\n${problem}`);
      await sleep(pauseMs);
    }
    try {
      renameSync(partial, jars);
    } catch (error) {
      // Another process was first.
      if (!existsSync(jars)) throw error;
    }
    return jars;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** @returns what went wrong */
function runMaven(outputDirectory: string): string | undefined {
  const goal = [PLUGIN, '-DincludeScope=runtime', `-DoutputDirectory=${outputDirectory}`];
  const run = spawnSync('mvn', ['-q', '-B', ...PATIENCE, '-f', POM, ...goal], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: ATTEMPT_LIMIT_MS,
  });
  if ((run.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') throw new MissingProgramError(['mvn']);
  if (run.status === 0) return undefined;
  const said = `${run.stdout}${run.stderr}`.trim();
  return run.error ? `${run.error.message}\n${said}` : said;
}

/** That of the containers, too. */
export function kafkaVersion(): string {
  const version = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)</.exec(readFileSync(POM, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${POM} names no version of Kafka`);
  return version;
}
