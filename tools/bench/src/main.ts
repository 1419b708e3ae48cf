/** npm run bench -- NAME: every figure that the documents quote comes from one of these. */
import { availableParallelism } from 'node:os';
import { SPACES } from '@watchnext/ann-index';
import { allowClosedOutput, endOnUsage, madeFolder, newFile, wholeNumber } from '@watchnext/command-line';
import { endByFailure } from '@watchnext/config';
import { DEPENDENCIES, FAULT_KINDS, isInterrupted, stopWorldsOnSignal } from '@watchnext/end-to-end';
import { FROZEN_PARTITIONS, FROZEN_WORLDS } from '@watchnext/simulator';
import { KERNEL_PREFERENCES } from '@watchnext/tensor';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addExperimentCommands } from './experiments/commands';
import { benchCatalogue } from './catalogue';
import { benchEventLoop } from './event-loop/event-loop';
import { benchFaults } from './faults';
import { benchFreshness } from './freshness';
import { benchCatalogueFreshness } from './freshness-catalogue';
import { benchIndex } from './index/index-bench';
import { benchInsertionOrders, KINDS, ORDERS } from './index/insertion-orders';
import { SWEEP_DEFAULTS, SWEEP_PLOT, sweepIndex } from './index/sweep';
import { benchRank } from './rank/rank-bench';
import { benchIngest } from './ingest/ingest';
import { benchImport } from './import/import';
import { benchSteadyFreshness } from './ingest/steady-freshness';
import { benchKuairand } from './kuairand';
import { benchMerge } from './merge/merge-bench';
import { benchReplay } from './replay/replay';
import { publish, type BenchReport } from './report';
import { addServingCommands } from './serve/commands';
import { SEQUENCE_LOGS, writeSequences, type WrittenSequences } from './sequences/write-sequences';
import { benchServedLists } from './served-lists';
import { benchTrain } from './train/train';
import { benchWorld } from './world/world';

/** A parser of names, separated by commas. */
function listOf<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((one) => {
      const found = known.find((name) => name === one.trim());
      if (found === undefined) throw new InvalidArgumentError(`there is no "${one.trim()}", but ${known.join(', ')}.`);
      return found;
    });
}

const count = wholeNumber(1);

const counts = (text: string) => text.split(',').map(count);

allowClosedOutput();

const program = new Command('bench')
  .exitOverride(endOnUsage)
  .description('Measures WatchNext on this machine; each prints machine, setting and figures.');

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json <file>', 'also write the report to this file', newFile);
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

command('world', 'a frozen world end to end: generated, trained on, served, and what the lists are truly worth')
  .addOption(new Option('--world <name>', 'which').choices(FROZEN_WORLDS).default('standard'))
  .option('--seeds <n>', 'trainings; each varies training, the random lists and which viewers are valued', count, 5)
  .option('--viewers <n>', 'viewers whose lists are valued, for each seed', count, 300)
  .option('--limit <n>', 'length of a list', count, 10)
  .option('--workers <n>', 'processes that generate', count, Math.max(1, availableParallelism()))
  .option(
    '--decompose',
    'also where served lists lose: by candidates, order and rules, and what could be known at all',
    false,
  )
  .action(measuring(benchWorld));

interface FreshnessFlags {
  readonly samples?: number;
  readonly rate?: number;
  readonly seconds: number;
  readonly catalogue: boolean;
}

command('freshness', 'from the acceptance of a watch to its presence in the input of the next recommendations')
  .option('--samples <n>', 'watches sent one after the other (default: 200; with --catalogue: 20)', count)
  .addOption(
    new Option(
      '--catalogue',
      'instead: from uploads and withdrawals of videos to answers and lists that go by them, on a served demo world',
    )
      .default(false)
      .conflicts('rate'),
  )
  .option(
    '--rate <n>',
    'instead: in the state under so many events a second, on Kafka and Redis and on the embedded drivers',
    count,
  )
  .option('--seconds <n>', 'how long, with --rate', count, 20)
  .action(
    measuring(({ samples, rate, seconds, catalogue }: FreshnessFlags) => {
      if (catalogue) return benchCatalogueFreshness({ samples: samples ?? 20 });
      return rate === undefined ? benchFreshness({ samples: samples ?? 200 }) : benchSteadyFreshness({ rate, seconds });
    }),
  );

command(
  'index',
  'recall, queries per second, build time, memory and filters of the video index, beside hnswlib and faiss',
)
  .option('--vectors <n>', 'vectors of the documented generator', count, 1_000_000)
  .option('--dimensions <n>', 'of a vector', count, 64)
  .option('--queries <n>', 'queries that recall and speed are measured on', count, 500)
  .option('--m <n>', 'edges per vector and level (default: by the number of vectors, as publishing chooses it)', count)
  .option('--ef-construction <n>', 'breadth of a search for neighbours while building', count, 400)
  .option('--ef <list>', 'breadths of a search', counts, [70, 100, 150, 200, 300, 400, 600, 800])
  .option('--seed <n>', 'of the generator', count, 1)
  .option('--data <folder>', 'instead: vectors of the snapshot that this data folder serves, queries of its users')
  .option('--partitions <n>', "partitions of that folder's activity topic", count, FROZEN_PARTITIONS)
  .addOption(new Option('--space <name>', 'build one space only, which halves the time').choices(SPACES))
  .option(
    '--peer <file>',
    'a script that measures hnswlib (C++) and faiss on .npy files, its figures beside ours; or "hnswlib": it alone, in the better space',
  )
  .option(
    '--graphs <folder>',
    "keep graphs there, ours and hnswlib's, and take those that are there of the same vectors",
  )
  .option('--on-processors', "by time on processors, ours and the peer's: for a machine that others use too", false)
  .option('--python <program>', 'with numpy, hnswlib and faiss', 'python3')
  .action(measuring(benchIndex));

command('index-order', 'recall and build time of a graph by what goes into it first')
  .option('--vectors <n>', 'generated', count, 100_000)
  .option('--dimensions <n>', 'of a vector', count, 64)
  .option('--queries <n>', 'queries that recall is measured on', count, 200)
  .addOption(new Option('--kind <name>', 'of generated vectors').choices(KINDS).default('clusters'))
  .option('--data <folder>', 'instead: vectors of the snapshot that this data folder serves, queries of its users')
  .option('--partitions <n>', "partitions of that folder's activity topic", count, FROZEN_PARTITIONS)
  .option('--every <n>', 'of the vectors of that folder, every so manieth', count, 1)
  .addOption(new Option('--space <name>', 'of the graphs').choices(SPACES).default('augmented-l2'))
  .option('--m <n>', 'edges per vector and level', count, 16)
  .option('--ef-construction <n>', 'breadth of a search for neighbours while building', count, 400)
  .addOption(
    new Option('--first <names...>', 'what goes in first').choices(Object.keys(ORDERS)).default(Object.keys(ORDERS)),
  )
  .option('--ef <list>', 'breadths of a search', counts, [100, 150, 200, 300, 400])
  .option('--seed <n>', 'of the generator', count, 1)
  .action(measuring(benchInsertionOrders));

command('index-sweep', 'recall and speed by M, ef_construction and ef, as a plot and a table')
  .option('--vectors <n>', 'vectors of the documented generator', count, SWEEP_DEFAULTS.vectors)
  .option('--dimensions <n>', 'of a vector', count, SWEEP_DEFAULTS.dimensions)
  .option('--queries <n>', 'queries that recall and speed are measured on', count, SWEEP_DEFAULTS.queries)
  .option('--m <list>', 'edges per vector and level', counts, SWEEP_DEFAULTS.m)
  .option('--ef-construction <list>', 'breadths while building', counts, SWEEP_DEFAULTS.efConstruction)
  .option('--ef <list>', 'breadths of a search', counts, SWEEP_DEFAULTS.ef)
  .option('--seed <n>', 'of the generator', count, SWEEP_DEFAULTS.seed)
  .option(
    '--plot <file>',
    `where the plot goes, as SVG; default: ${SWEEP_PLOT} of these settings, the folder for temporary files of others`,
    newFile,
  )
  .action(measuring(sweepIndex));

command(
  'event-loop',
  'how long retrieval and ranking hold up their event loops, serving and while a snapshot takes over',
)
  .option('--videos <n>', 'of the snapshot', count, 1_000_000)
  .option('--rate <n>', 'requests a second to each', count, 10)
  .option('--candidates <n>', 'of a request to ranking', count, 500)
  .option('--seed <n>', 'of models and requests', count, 1)
  .action(measuring(benchEventLoop));

command('rank', 'from a state to the scores of its candidates, beside the bare onnxruntime call in Python')
  .option('--candidates <n>', 'of a request', count, 500)
  .option('--videos <n>', 'in the vocabulary', count, 100_000)
  .option('--runs <n>', 'requests of a round', count, 200)
  .option('--rounds <n>', 'ours and the peer take turns', count, 3)
  .option('--seed <n>', 'of weights and requests', count, 1)
  .option('--python <program>', 'with numpy and onnxruntime', 'python3')
  .action(measuring(benchRank));

command('ingest', 'events a second through collector, Kafka and Redis, beside kafkajs alone and redis-benchmark')
  .option('--events <n>', 'events sent', count, 200_000)
  .option('--users <n>', 'viewers that they are of', count, 5_000)
  .option('--partitions <n>', 'partitions of the activity topic', count, 12)
  .option('--materialisers <n>', 'processes of role materialise', count, 1)
  .option('--concurrency <n>', 'requests under way at once', count, 8)
  .option('--compression <codec>', 'what our side sends with; kafkajs alone: gzip', 'gzip')
  .option('--node-options <text>', 'NODE_OPTIONS of the ingestion processes', '')
  .option('--profile <folder>', 'CPU profiles of the ingestion processes go there', madeFolder)
  .action(measuring(benchIngest));

command('catalogue', 'videos in memory: as services hold them, beside a map of objects')
  .option('--videos <n>', 'videos', count, 1_000_000)
  .option('--lookups <n>', 'of videos drawn evenly', count, 1_000_000)
  .option('--seed <n>', 'of the draws', count, 1)
  .action(measuring(benchCatalogue));

program
  .command('sequences')
  .description('writes generated sequences of a log, for "npm run evaluate -- candidates --sequences FILE"')
  .argument('<file>', 'to write', newFile)
  .addOption(new Option('--log <name>', 'what kind of log').choices(SEQUENCE_LOGS).default('dense'))
  .option('--users <n>', 'users (default: 2100 of a dense log, 7000 of a sparse one)', count)
  .option('--videos <n>', 'videos (default: 1200; 20000)', count)
  .option(
    '--watches <n>',
    'of a user: of a dense log at the median, of a sparse one on average (default: 100; 8)',
    count,
  )
  .option('--seed <n>', 'of the draws', count, 1)
  .action((file: string, options: WrittenSequences) => void process.stdout.write(writeSequences(file, options)));

command('import', 'a CSV log into an archive: rows a second and the largest resident memory of the process')
  .option('--rows <n>', 'rows of the log', count, 1_000_000)
  .option('--rows-per-user <n>', 'watches of one user; 1 makes a log of users of one event', count, 100)
  .option('--videos <n>', 'videos watched', count, 50_000)
  .option('--drawn-lists', 'set each watch among drawn videos, which makes two events of a row', false)
  .option('--validate', 'also validate the archive, as before training', false)
  .option(
    '--folder <dir>',
    'where the log and the archive lie while it runs; default: the folder for temporary files',
    madeFolder,
  )
  .action(measuring(benchImport));

command('replay', 'from Parquet to the examples of both models: events a second of a core, and the largest memory')
  .addOption(new Option('--world <name>', 'generated first').choices(FROZEN_WORLDS).default('standard'))
  .option('--archive <folder>', 'instead: one that is there')
  .option('--partitions <n>', "partitions of that archive's activity topic", count, 4)
  .option('--copies <n>', 'how often its users are there, each time under other ids', count, 1)
  .option('--profile', 'also sample where the time goes', false)
  .option('--digest', 'also a digest of all that was made: the same of two versions that make the same', false)
  .option('--training-days <n>', 'examples of that many days at the end of the log only; default: of all', count)
  .option('--warm-up-days <n>', 'read only that many days before those; default: all, for the states of users', count)
  .option('--difference', 'also replay all of the log, and say how many of the examples are others', false)
  .option('--workers <n>', 'processes that generate', count, Math.max(1, availableParallelism()))
  .action(measuring(benchReplay));

command(
  'merge-archive',
  'a day of small files: how many, and how long they take to read, before they are merged and afterwards',
)
  .option('--files <n>', 'of a partition: one each flush time', count, 1_440)
  .option('--records <n>', 'in all of them', count, 48_000)
  .option(
    '--s3 <endpoint>',
    'of an S3 test server ("npm run stack:up -- --s3"): measure there too, in a bucket of its own',
  )
  .action(measuring(benchMerge));

command('kuairand', 'KuaiRand-Pure end to end: metrics on the last two days, and the gate')
  .requiredOption('--path <folder>', 'folder with the official files')
  .option('--seed <n>', 'seed of the training', count, 1)
  .action(measuring(benchKuairand));

command('train', "both models' training steps, examples a second, beside the same steps in PyTorch")
  .addOption(new Option('--model <which>', 'whose step').choices(['candidate', 'ranking', 'both']).default('both'))
  .option('--videos <list>', 'sizes of the tables', counts, [100_000, 1_000_000])
  .option('--steps <n>', 'steps of a round', count, 30)
  .option('--rounds <n>', 'rounds, ours and the peer in turn', count, 3)
  .option('--threads <n>', 'threads of ours', count, availableParallelism())
  .option(
    '--kernels <list>',
    `of ours, in turn: ${KERNEL_PREFERENCES.join(', ')}; the ratio is that of the first`,
    listOf(KERNEL_PREFERENCES),
    ['auto'],
  )
  .addOption(
    new Option('--peer <script>', "a script that trains the candidate model's step").env('WATCHNEXT_TRAIN_PEER'),
  )
  .addOption(new Option('--python <program>', 'what runs it').env('WATCHNEXT_PYTHON').default('python3'))
  .option('--on-processors', 'one thread of each, by the time that processors gave it', false)
  .option('--engines', 'also one thread, TensorFlow.js, and native TensorFlow where it is installed', false)
  .action(measuring(benchTrain));

command(
  'faults',
  'each dependency of the gateway killed, hung, slowed and corrupted in turn under load, a row for each fault',
)
  .option('--deadline <ms>', "the gateway's", count, 500)
  .option('--rate <n>', 'requests a second', count, 20)
  .option('--seconds <n>', 'how long each fault lasts', count, 6)
  .option('--recovery <n>', 'seconds that recovery is waited for', count, 30)
  .option('--only <list>', `of ${DEPENDENCIES.join(', ')}, separated by commas`, listOf(DEPENDENCIES))
  .option('--faults <list>', `of ${FAULT_KINDS.join(', ')}, separated by commas`, listOf(FAULT_KINDS))
  .option('--no-kafka', 'the event log on its embedded driver, without rows')
  .option('--no-s3', 'the snapshot store on its embedded driver, without rows')
  .action(measuring(benchFaults));

addServingCommands(command, { count, counts, measuring });
addExperimentCommands(program, { count, measuring });

stopWorldsOnSignal();
program.parseAsync().catch((error: unknown) => {
  if (isInterrupted()) return;
  endByFailure(error);
});
