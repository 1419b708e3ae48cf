import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { composeDown, composeUp, planCompose, projectName, type ComposeOptions } from './compose';
import { createBucket } from './s3';
import { assertNoneRuns, writeStack, type Stack } from './stack-file';

/**
 * The same servers in containers. What only our own processes can do (a secured Kafka, proxies before the brokers, single
 * servers killed) is not to be had here.
 * @throws StackExistsError, DamagedStackError; Error with what Docker said, and then nothing is left running, or `stack.json` still tells of it
 */
export async function startComposeStack(options: ComposeOptions & { readonly directory: string }): Promise<Stack> {
  const directory = resolve(options.directory);
  assertNoneRuns(directory);
  const { profiles, variables, environment } = await planCompose(options);
  const project = { project: projectName(directory), profiles, variables };
  const { brokerCount, redis } = options;
  const stack: Stack = {
    brokerCount,
    redis,
    processes: [],
    compose: project,
    environment,
  };
  mkdirSync(directory, { recursive: true });
  // Written first: whoever interrupts the start can still take the containers down.
  writeStack(directory, stack);
  try {
    composeUp(project);
    if (options.s3) await createBucket(environment['WATCHNEXT_S3_ENDPOINT'] as string);
  } catch (error) {
    try {
      composeDown(project);
    } catch (downError) {
      const messages = [error, downError].map((one) => (one as Error).message);
      throw new Error(`${messages.join('\n')}\nSome of it may run: npm run stack:down ends it`, { cause: error });
    }
    rmSync(join(directory, 'stack.json'), { force: true });
    throw error;
  }
  return stack;
}
