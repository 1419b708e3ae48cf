/** npm run stack:up | stack:down | stack:status */
import { setImmediate } from 'node:timers/promises';
import { allowClosedOutput, endOnUsage } from '@watchnext/command-line';
import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultJarsDirectory, fetchKafka } from './kafka-jars';
import { hasDocker } from './compose';
import { startComposeStack } from './compose-stack';
import { MissingProgramError } from './programs';
import { startStack, stopStack } from './stack';
import {
  DamagedStackError,
  ForeignFolderError,
  isDoubtful,
  readStack,
  serversOf,
  StackExistsError,
  type Stack,
  StackStoppedError,
  UnverifiedStackError,
} from './stack-file';
import { isInterrupted, stopOnSignal } from './stop-on-signal';

const DIRECTORY = new Option('--directory <path>', 'folder of the stack').default('.stack');

function brokerCount(text: string): number {
  if (!['0', '1', '3'].includes(text)) throw new InvalidArgumentError('0, 1 or 3');
  return Number(text);
}

const onRetry = (problem: string) => console.error(problem);

function print(stack: Stack): void {
  for (const [name, isRunning] of serversOf(stack)) {
    const process = stack.processes.find((one) => one.name === name);
    const where = process ? `127.0.0.1:${process.port}  pid ${process.pid}  ${process.logFile}` : 'in a container';
    const state = isRunning ? 'running' : process && isDoubtful(process) ? 'unknown' : 'gone   ';
    console.log(`${state}  ${name.padEnd(14)} ${where}`);
  }
  if (stack.starting) return console.log('\nNot all servers are started yet: there are no settings.');
  console.log('\nSettings for services and tests:');
  for (const [name, value] of Object.entries(stack.environment)) console.log(`export ${name}=${value}`);
}

allowClosedOutput();

const program = new Command('local-stack')
  .exitOverride(endOnUsage)
  .description('A real Kafka and a real Redis on this machine.');
program
  .command('up')
  .addOption(DIRECTORY)
  .option('--brokers <count>', 'Kafka brokers, 1 or 3; 0: no Kafka', brokerCount, 1)
  .addOption(new Option('--cluster', 'Redis Cluster of three').conflicts('sentinel'))
  .option('--sentinel', 'Redis primary, replica and three sentinels')
  .option('--s3', 'an S3 test server as well', false)
  .addOption(
    new Option('--engine <name>', 'where the servers run; default: docker where an engine answers')
      .choices(['docker', 'native'])
      .default(undefined),
  )
  .action(async (options) => {
    const redis = options.cluster ? 'cluster' : options.sentinel ? 'sentinel' : 'standalone';
    const { directory, brokers: brokerCount, s3, engine = hasDocker() ? 'docker' : 'native' } = options;
    const wanted = { directory, brokerCount, redis, s3 } as const;
    if (engine === 'docker') return print(await startComposeStack(wanted));
    stopOnSignal(new Set([async () => void (await stopStack(directory))]));
    const stack = await startStack({ ...wanted, onRetry });
    // A signal that came while a program was waited for is heard before the next turn.
    await setImmediate();
    if (!isInterrupted()) print(stack);
  });
program
  .command('fetch')
  .description("fetches Kafka's jars, as up does where they are missing, and starts nothing")
  .action(async () => console.log(await fetchKafka(defaultJarsDirectory(), onRetry)));
program
  .command('down')
  .addOption(DIRECTORY)
  .action(async (options) => console.log(`stopped ${await stopStack(options.directory)} servers`));
program
  .command('status')
  .addOption(DIRECTORY)
  .action((options) => {
    const stack = readStack(options.directory);
    if (!stack) {
      console.log('no stack is running');
      process.exitCode = 3;
      return;
    }
    print(stack);
    if (stack.starting || [...serversOf(stack).values()].includes(false)) process.exitCode = 3;
  });
program.parseAsync().catch((error: unknown) => {
  // The start failed for want of the servers that the signal stopped; once all are, the process ends.
  if (isInterrupted()) return;
  const expected = [
    DamagedStackError,
    ForeignFolderError,
    MissingProgramError,
    StackExistsError,
    StackStoppedError,
    UnverifiedStackError,
  ].some((kind) => error instanceof kind);
  console.error(expected ? (error as Error).message : error);
  if (error instanceof MissingProgramError) console.error('A Docker engine with its compose plugin would do instead.');
  process.exit(1);
});
