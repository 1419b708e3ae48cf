/** npm run chaos -- --seeds 10: exactly once into the store, on real servers of its own, by seed. */
import { allowClosedOutput, endOnUsage, wholeNumber } from '@watchnext/command-line';
import { Command } from 'commander';
import { runChaos, type ChaosResult } from './chaos-run';
import { isInterrupted, stopWorldsOnSignal } from '../interruption';
import { startEmbeddedWorld, startRealWorld } from './worlds';

const count = wholeNumber(1);

interface Options {
  seeds: number;
  first: number;
  events: number;
  partitions: number;
  strikes: number;
  embedded: boolean;
}

function isGood({ differences, log }: ChaosResult): boolean {
  return differences.length === 0 && log.lostCount === 0;
}

function summaryOf(result: ChaosResult): string {
  const { seed, eventCount, userCount, strikes, repeatedAppends, log, differences, seconds } = result;
  return (
    `seed ${seed}: ${isGood(result) ? 'good' : 'BAD'}; ${eventCount} events, ${userCount} users, ${strikes.length} strikes, ` +
    `${repeatedAppends} appends repeated (${log.unansweredCount} unanswered copies in the log), ` +
    `${log.lostCount} acknowledged events lost, ${differences.length} states differ; ${seconds} s`
  );
}

async function run(options: Options): Promise<void> {
  const bad: number[] = [];
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    const world = options.embedded ? startEmbeddedWorld() : await startRealWorld();
    try {
      const result = await runChaos(world, {
        seed,
        eventCount: options.events,
        partitionCount: options.partitions,
        fleetStrikeCount: options.strikes,
        onProgress: (text) => console.log(`  ${text}`),
      });
      console.log(summaryOf(result));
      for (const difference of result.differences.slice(0, 10)) console.log(`  ${JSON.stringify(difference)}`);
      if (!isGood(result)) bad.push(seed);
    } finally {
      await world.dispose();
    }
  }
  console.log(bad.length === 0 ? `all ${options.seeds} seeds good` : `bad seeds: ${bad.join(', ')}`);
  if (bad.length > 0) process.exitCode = 1;
}

stopWorldsOnSignal();
allowClosedOutput();

new Command('chaos')
  .exitOverride(endOnUsage)
  .description(
    'Materialisers killed, servers restarted: every state must be the one folded from the acknowledged events.',
  )
  .option('--seeds <n>', 'how many seeds, one run each', count, 1)
  .option('--first <seed>', 'the first seed', count, 1)
  .option('--events <n>', 'events of a run', count, 100_000)
  .option('--partitions <n>', 'partitions of the activity topic', count, 12)
  .option('--strikes <n>', 'materialisers killed, added or removed', count, 8)
  .option('--embedded', 'on the embedded drivers, without servers', false)
  .action(run)
  .parseAsync()
  .catch((error: unknown) => {
    if (isInterrupted()) return;
    console.error(error);
    process.exit(1);
  });
