/** npm run stack:up | stack:down | stack:status */
import { Command, InvalidArgumentError, Option } from 'commander';
import { isAlive } from './processes';
import { MissingProgramError } from './programs';
import { readStack, StackExistsError, startStack, stopStack, type Stack } from './stack';

const DIRECTORY = new Option('--directory <path>', 'folder of the stack').default('.stack');

function brokerCount(text: string): number {
  if (text !== '1' && text !== '3') throw new InvalidArgumentError('1 or 3');
  return Number(text);
}

function print(stack: Stack): void {
  for (const { name, pid, port, logFile } of stack.processes) {
    console.log(`${isAlive(pid) ? 'running' : 'gone   '}  ${name.padEnd(14)} 127.0.0.1:${port}  pid ${pid}  ${logFile}`);
  }
  console.log('\nSettings for services and tests:');
  for (const [name, value] of Object.entries(stack.environment)) console.log(`export ${name}=${value}`);
}

const program = new Command('local-stack').description('A real Kafka and a real Redis on this machine.');
program
  .command('up')
  .addOption(DIRECTORY)
  .option('--brokers <count>', 'Kafka brokers, 1 or 3', brokerCount, 1)
  .addOption(new Option('--cluster', 'Redis Cluster of three').conflicts('sentinel'))
  .option('--sentinel', 'Redis primary, replica and three sentinels')
  .option('--s3', 'an S3 test server as well', false)
  .action(async (options) => {
    const redis = options.cluster ? 'cluster' : options.sentinel ? 'sentinel' : 'standalone';
    print(await startStack({ directory: options.directory, brokerCount: options.brokers, redis, s3: options.s3 }));
  });
program
  .command('down')
  .addOption(DIRECTORY)
  .action(async (options) => console.log(`stopped ${await stopStack(options.directory)} processes`));
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
    if (!stack.processes.every(({ pid }) => isAlive(pid))) process.exitCode = 3;
  });
program.parseAsync().catch((error: unknown) => {
  const expected = error instanceof MissingProgramError || error instanceof StackExistsError;
  console.error(expected ? (error as Error).message : error);
  process.exit(1);
});
