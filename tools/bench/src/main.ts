/** npm run bench -- NAME: every figure that the documents quote comes from one of these. */
import { Command, InvalidArgumentError } from 'commander';
import { addExperimentCommands } from './experiments/commands';
import { benchFreshness } from './freshness';
import { benchIngest } from './ingest/ingest';
import { benchImport } from './import';
import { benchSteadyFreshness } from './ingest/steady-freshness';
import { benchKuairand } from './kuairand';
import { publish, type BenchReport } from './report';
import { benchServedLists } from './served-lists';

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1');
  return value;
}

const program = new Command('bench').description(
  'Measures WatchNext on this machine; each prints machine, setting and figures.',
);

function command(name: string, description: string): Command {
  return program.command(name).description(description).option('--json <file>', 'also write the report to this file');
}

/** Runs a benchmark with its command's options and publishes what it finds. */
function measuring<Options>(run: (options: Options) => Promise<{ result: BenchReport; text: string }>) {
  return async ({ json, ...options }: Options & { json?: string }) => {
    const { result, text } = await run(options as Options);
    publish(result, text, json);
  };
}

command('served-lists', 'true watch seconds of served lists in the simulated world, beside baselines and the oracle')
  .option('--seed <n>', 'seed of the world', count, 1)
  .option('--users <n>', 'viewers of the world', count, 800)
  .option('--videos <n>', 'videos of the world', count, 800)
  .option('--days <n>', 'days of history', count, 10)
  .option('--viewers <n>', 'viewers whose lists are valued', count, 200)
  .option('--limit <n>', 'length of a list', count, 10)
  .action(measuring(benchServedLists));

command('freshness', 'from the acceptance of a watch to its presence in the input of the next recommendations')
  .option('--samples <n>', 'watches sent one after the other', count, 200)
  .option(
    '--rate <n>',
    'instead: in the state under so many events a second, on Kafka and Redis and on the embedded drivers',
    count,
  )
  .option('--seconds <n>', 'how long, with --rate', count, 20)
  .action(
    measuring(({ samples, rate, seconds }: { samples: number; rate?: number; seconds: number }) =>
      rate === undefined ? benchFreshness({ samples }) : benchSteadyFreshness({ rate, seconds }),
    ),
  );

command('ingest', 'events a second through collector, Kafka and Redis, beside kafkajs alone and redis-benchmark')
  .option('--events <n>', 'events sent', count, 200_000)
  .option('--users <n>', 'viewers that they are of', count, 5_000)
  .option('--partitions <n>', 'partitions of the activity topic', count, 12)
  .option('--materialisers <n>', 'processes of role materialise', count, 1)
  .option('--concurrency <n>', 'requests under way at once', count, 8)
  .option('--compression <codec>', 'what our side sends with; kafkajs alone: gzip', 'gzip')
  .option('--node-options <text>', 'NODE_OPTIONS of the ingestion processes', '')
  .option('--profile <folder>', 'CPU profiles of the ingestion processes go there')
  .action(measuring(benchIngest));

command('import', 'a CSV log into an archive: rows a second and the largest resident memory of the process')
  .option('--rows <n>', 'rows of the log', count, 1_000_000)
  .option('--rows-per-user <n>', 'watches of one user; 1 makes a log of users of one event', count, 100)
  .option('--videos <n>', 'videos watched', count, 50_000)
  .option('--drawn-lists', 'set each watch among drawn videos, which makes two events of a row', false)
  .option('--folder <dir>', 'where the log and the archive lie while it runs; default: the folder for temporary files')
  .action(measuring(benchImport));

command('kuairand', 'KuaiRand-Pure end to end: metrics on the last two days, and the gate')
  .requiredOption('--path <folder>', 'folder with the official files')
  .option('--seed <n>', 'seed of the training', count, 1)
  .action(measuring(benchKuairand));

addExperimentCommands(program, { count, measuring });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
