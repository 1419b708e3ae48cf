#!/usr/bin/env node
/** npm run backup -- save|verify|restore PLACE */
import { resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { allowClosedOutput, endOnUsage, parsePlace, startTask } from '@watchnext/command-line';
import { embeddedPaths, exitCodeOf, loadDriverSettings } from '@watchnext/config';
import { bucketSettings, objectStoreSettingsOf, type Place } from '@watchnext/object-store';
import { type Own, withOwned } from '@watchnext/waiting';
import { openSnapshotStore } from '@watchnext/snapshot-store';
import type { BackupReport, OnFile } from './backup';
import { BucketTree, type FileTree, FolderTree } from './file-tree';
import { BackupError, describeMissing } from './manifest';
import { refuseOwnPlace } from './own-place';
import { restoreBackup, verifyBackup } from './restore-backup';
import { saveBackup } from './save-backup';

/** As --help tells it. */
const EXIT_UNSOUND = 3;
const HOW_TO_MEND = 'What the system still has, `save --verify` into this place copies anew.';

const settings = () => loadDriverSettings();
type Settings = ReturnType<typeof settings>;

allowClosedOutput();
const placeArgument = () => new Argument('<place>', 'a folder, or s3://bucket/prefix').argParser(parsePlace);

const program = new Command('npm run backup --')
  .description(
    'Copies archive, checkpointed states and snapshots to a folder or a bucket, and back, each file verified by its SHA-256.\n' +
      'The system is the one that the environment names (WATCHNEXT_DATA_DIR, WATCHNEXT_OBJECT_STORE, …).',
  )
  .addHelpText(
    'after',
    `
PLACE is a folder, or s3://bucket/prefix with the endpoint and credentials of the environment (WATCHNEXT_S3_…).
States are backed up as of the newest checkpoint: run npm run checkpoint before, and npm run rebuild after a restore;
where the event log is lost as well, npm run restore-log.
Exit codes: 0 done; 1 something failed; 2 a command line that cannot be used; 3 a file is damaged, a snapshot is missing
(the rest was saved or restored), there is nothing to save, a place has a backup that this program cannot read or is
the system's own, or the place of a restore is not empty; 78 the environment.`,
  )
  .exitOverride(endOnUsage);

program
  .command('save')
  .addArgument(placeArgument())
  .description('back up; into a place with an earlier backup only what is new is copied')
  .option('--verify', 'read what the place has already, and copy anew what is damaged there', false)
  .action((place: Place, { verify }: { verify: boolean }) =>
    run(place, async (tree, system, onFile, found) => {
      refuseOwnPlace(place, found);
      return describe('backed up', await saveBackup(system, tree, { verify, onFile }));
    }),
  );
program
  .command('verify')
  .addArgument(placeArgument())
  .description('read every file of a backup and compare')
  .action((place: Place) =>
    run(place, async (tree, _, onFile) => {
      const notes: string[] = [];
      const faults = await verifyBackup(tree, onFile, (note) => notes.push(note));
      if (faults.length > 0) throw new BackupError([...notes, ...faults, HOW_TO_MEND].join('\n'));
      return ['The backup is sound.', ...notes].join('\n');
    }),
  );
program
  .command('restore')
  .addArgument(placeArgument())
  .description('bring a backup back, into a system without an archive')
  .option(
    '--only-snapshots',
    'leave archive and checkpoints: for a system whose log npm run restore-log restores',
    false,
  )
  .action((place: Place, { onlySnapshots }: { onlySnapshots: boolean }) =>
    run(place, async (tree, system, onFile) =>
      describe('restored', await restoreBackup(tree, system, { onlySnapshots, onFile })),
    ),
  );
program.parse();

type Work = (
  tree: FileTree,
  system: Parameters<typeof saveBackup>[0],
  onFile: OnFile,
  found: Settings,
) => Promise<string>;

async function run(place: Place, work: Work): Promise<void> {
  const task = startTask('Files', 'files');
  try {
    const text = await withOwned((own) =>
      workOn(place, work, own, (done, total, name) => task.update(done, total, name)),
    );
    task.finish();
    process.stdout.write(`${text}\n`);
    process.exitCode = 0;
  } catch (error) {
    task.abandon();
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof BackupError ? EXIT_UNSOUND : exitCodeOf(error);
  }
}

function workOn(place: Place, work: Work, own: Own, onFile: OnFile): Promise<string> {
  const found = settings();
  const paths = embeddedPaths(found.WATCHNEXT_DATA_DIR);
  const partOf = (part: string, folder: string) =>
    own(
      found.WATCHNEXT_OBJECT_STORE === 's3'
        ? new BucketTree(objectStoreSettingsOf(found, part))
        : new FolderTree(folder),
    );
  const system = {
    root: own(rootOf(found)),
    archive: partOf('archive', paths.archive),
    checkpoints: partOf('checkpoints', resolve(paths.archive, '..', 'checkpoints')),
    snapshots: own(openSnapshotStore(found, paths.snapshots)),
  };
  return work(own(treeOf(place, found)), system, onFile, found);
}

/** Of the system, whose prefix ends with no slash. */
function rootOf(found: Settings): FileTree {
  if (found.WATCHNEXT_OBJECT_STORE !== 's3') return new FolderTree(resolve(found.WATCHNEXT_DATA_DIR));
  const prefix = found.WATCHNEXT_S3_PREFIX;
  return new BucketTree({ ...objectStoreSettingsOf(found, ''), prefix: prefix && `${prefix}/` });
}

function treeOf(place: Place, found: Settings): FileTree {
  return 'folder' in place ? new FolderTree(resolve(place.folder)) : new BucketTree(bucketSettings(place, found));
}

function describe(what: string, report: BackupReport): string {
  const { fileCount, copiedFileCount, copiedBytes, snapshotCount, missingSnapshots, notes } = report;
  const text =
    `${what} ${fileCount.toLocaleString('en-US')} files, ${snapshotCount} snapshots; ` +
    `${copiedFileCount.toLocaleString('en-US')} files copied (${(copiedBytes / 2 ** 20).toFixed(1)} MiB) and read back`;
  const faults = [...missingSnapshots.map(describeMissing), ...report.faults];
  if (faults.length > 0) throw new BackupError([text, ...notes, ...faults].join('\n'));
  return [text, ...notes].join('\n');
}
