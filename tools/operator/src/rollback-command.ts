import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { allowClosedOutput, endOnUsage, nonEmpty, type ProgressTask, startTask } from '@watchnext/command-line';
import { type DriverSettings, embeddedPaths, endAfter, exitCodeOf, loadDriverSettings } from '@watchnext/config';
import { openSystemLog } from '@watchnext/event-log';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { objectStoreSettingsOf, placeName } from '@watchnext/object-store';
import { announceSnapshot } from '@watchnext/service';
import { type Own, withOwned } from '@watchnext/waiting';
import { openSnapshotStore, SnapshotNotFoundError, type SnapshotStore } from '@watchnext/snapshot-store';
import { Command, InvalidArgumentError, Option } from 'commander';
import { compareSnapshots } from './compare-snapshots';
import { listSnapshots, rollback, RollbackRefusedError } from './rollback';

const EXIT_REFUSED = 3;

interface Options {
  readonly to?: string;
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly list?: boolean;
  readonly compare?: readonly string[];
}

/** The log is opened only to announce: a rollback must not wait for one that is down, or make one. */
async function announce(snapshotId: string): Promise<void> {
  const settings = loadDriverSettings();
  const log = await openSystemLog(settings, embeddedPaths(settings.WATCHNEXT_DATA_DIR).eventLog, 'operator');
  try {
    await announceSnapshot(log, snapshotId);
  } finally {
    await log.close();
  }
}

function placeOf(settings: DriverSettings): string {
  if (settings.WATCHNEXT_OBJECT_STORE === 'folder') return embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots;
  return placeName(objectStoreSettingsOf(settings, 'snapshots'));
}

/** One is compared with the current one. */
async function pairOf(store: SnapshotStore, [first, second]: readonly string[]): Promise<readonly [string, string]> {
  if (second !== undefined) return [first, second];
  const current = await store.readPointer();
  if (current === undefined) throw new RollbackRefusedError('there is no current snapshot: name two');
  return [current, first];
}

/** For what is fetched of the target, which the services fetch too: a copy that this machine has says nothing of the store. */
async function emptyFolder(own: Own): Promise<string> {
  const folder = await makeOwnFolder(tmpdir(), 'watchnext-rollback');
  own({ close: () => rm(folder, { recursive: true, force: true }) });
  return folder;
}

async function run(options: Options, own: Own): Promise<number> {
  const settings = loadDriverSettings();
  const looks = options.list || options.compare;
  const found = looks ? settings : { ...settings, WATCHNEXT_CACHE_DIR: await emptyFolder(own) };
  const store = own(openSnapshotStore(found, embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots));
  if (options.list) {
    for (const line of await listSnapshots(store, placeOf(settings))) console.log(line);
    return 0;
  }
  if (options.compare) {
    console.log(await compareSnapshots(store, await pairOf(store, options.compare)));
    return 0;
  }
  const onMoved = (before: string, after: string) => console.log(`the pointer is at ${after}, it was at ${before}`);
  let task: ProgressTask | undefined;
  const onFile = (done: number, total: number, name: string) => {
    task ??= startTask('Checking the target', 'files');
    task.update(done, total, name);
    if (done < total) return;
    task.finish();
    task = undefined;
  };
  const { from, to, moved, announced, notAnnounced } = await rollback(store, {
    ...options,
    onFile,
    onMoved,
    announce,
  }).finally(() => task?.abandon());
  if (!moved) console.log(`would move the pointer from ${from} to ${to}`);
  else if (announced) console.log('services were told');
  else console.log(`services could not be told, and look every 2 s: ${notAnnounced}`);
  return 0;
}

function oneOrTwo(value: string, earlier: readonly string[] = []): readonly string[] {
  if (earlier.length === 2) throw new InvalidArgumentError('two at most');
  return [...earlier, nonEmpty(value)];
}

allowClosedOutput();

new Command('rollback')
  .description(
    'Makes the snapshot before the current one current again, for all services.\n' +
      'Ends with 0 when done, 2 for a command line that cannot be used, 3 when refused: nothing before it, not gated, or somebody else moved\n' +
      'the pointer meanwhile; the current one, which names the one before, cannot be read; there are no snapshots to list.',
  )
  .option('--to <id>', 'this snapshot; default: the parent of the current one', nonEmpty)
  .option('--from <id>', 'refuse unless this one is current', nonEmpty)
  .option('--dry-run', 'say what would be done, and check the target')
  .option('--list', 'list the snapshots, newest first, the current one marked, with metrics and failed checks')
  .addOption(
    new Option('--compare <id...>', 'metrics and checks of two snapshots side by side, or of one and the current one')
      .argParser(oneOrTwo)
      .conflicts(['to', 'from', 'dryRun', 'list']),
  )
  .exitOverride(endOnUsage)
  .action((options: Options) =>
    endAfter(
      withOwned((own) => run(options, own)),
      {
        describe: (error) =>
          error instanceof SnapshotNotFoundError ? `${error.message}; --list names those that are` : error.message,
        exitCode: (error) => (error instanceof RollbackRefusedError ? EXIT_REFUSED : exitCodeOf(error)),
      },
    ),
  )
  .parse();
