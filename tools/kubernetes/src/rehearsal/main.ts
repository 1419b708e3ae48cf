/** npm run rehearsal: a roll-out of the production overlay on this machine, under load. */
import { writeFileSync } from 'node:fs';
import { allowClosedOutput, endOnUsage, newFile, wholeNumber } from '@watchnext/command-line';
import { endByFailure } from '@watchnext/config';
import { isInterrupted } from '@watchnext/local-stack';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Engine, type EngineName, ENGINES } from '../containers/engine';
import { missingForManifests } from '../objects';
import type { Workload } from '../pods';
import { isGood, rehearse, type RehearsalReport, stopRehearsalsOnSignal } from './rehearse';

const count = wholeNumber(1);

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('seconds, from 0');
  return value;
}

interface Options {
  replicas: number;
  preStopSeconds?: number;
  listsPerSecond: number;
  eventsPerSecond: number;
  viewers: number;
  json?: string;
  engine?: EngineName;
}

function print(report: RehearsalReport): void {
  const { lists, events, restarts, failures, degraded, lagRecords, usage } = report;
  console.log(
    `${restarts} pods replaced in ${report.seconds.toFixed(0)} s (history, training and start included): ${lists} lists ` +
      `(p50 ${report.listMsP50.toFixed(0)} ms, p99 ${report.listMsP99.toFixed(0)} ms), ${events} events, ` +
      `${failures.length} failed requests, ${lagRecords} records not worked off`,
  );
  for (const failure of failures.slice(0, 10)) console.log(`  failed: ${failure}`);
  for (const end of report.badEnds) console.log(`  did not end with 0 in its time: ${end}`);
  for (const [reason, number] of Object.entries(degraded))
    console.log(`  ${number} lists below the full rung: ${reason}`);
  for (const group of report.groupsWithoutOffsets) console.log(`  no offsets of ${group}: KEDA would see no lag`);
  console.log(`  searches before retrieval was replaced: ${JSON.stringify(report.searches)}`);
  console.log('  largest pod      memory (MB)   core seconds   of seconds');
  for (const [name, { peakMemoryMb, cpuSeconds, wallSeconds }] of Object.entries(usage)) {
    const cells = [
      peakMemoryMb.toFixed(0).padStart(8),
      cpuSeconds.toFixed(1).padStart(14),
      wallSeconds.toFixed(0).padStart(12),
    ];
    console.log(`  ${name.padEnd(22)}${cells.join('')}`);
  }
}

async function run({ json, engine, ...options }: Options): Promise<void> {
  const missing = missingForManifests();
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  // The images that the overlay names.
  const containers = engine && {
    engine: Engine.find(engine),
    imageOf: (one: Workload) => one.container.image as string,
  };
  const report = await rehearse({ ...options, containers, onProgress: (text) => console.error(`  ${text}`) });
  print(report);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (!isGood(report)) process.exitCode = 1;
}

stopRehearsalsOnSignal();
allowClosedOutput();

new Command('rehearsal')
  .exitOverride(endOnUsage)
  .description(
    'Runs the pods of the production overlay as processes, or as containers, on a Kafka with the rights of the manifests, a Redis Cluster and an ' +
      'S3 test server, and replaces every one of them under load. Ends with 1 if a request failed.',
  )
  .option('--replicas <n>', 'pods of each service', count, 2)
  .option('--pre-stop-seconds <s>', 'instead of what the manifests say', seconds)
  .option('--lists-per-second <n>', 'lists asked for', count, 5)
  .option('--events-per-second <n>', 'events sent', count, 5)
  .option('--viewers <n>', 'of the simulated world', count, 200)
  .addOption(
    new Option(
      '--engine <name>',
      'runs the images that the overlay names (npm run images makes them) as containers',
    ).choices(ENGINES),
  )
  .option('--json <file>', 'also write the report there', newFile)
  .action(run)
  .parseAsync()
  .catch((thrown: unknown) => {
    if (!isInterrupted()) endByFailure(thrown);
  });
