/** Where a start's events come from: the simulated world, or a data set. */
import { resolve } from 'node:path';
import { startTask } from '@watchnext/command-line';
import {
  askOnTerminal,
  DatasetError,
  describeCounts,
  importerNamed,
  importEvents,
  mappingFileFor,
} from '@watchnext/datasets';
import { generateHistoryInTurns, sendAll, World, type EventSink, type History } from '@watchnext/simulator';
import type { FolderState } from './data-folder';
import { LaunchError } from './launch-error';
import type { LauncherOptions } from './options';

export interface EventSource {
  /** Sends the history. @throws LaunchError when it cannot be read */
  load(sink: EventSink, signal: AbortSignal): Promise<void>;
}

/** The world and its past, made anew from the same options at every start; only the first start sends it. */
export class SimulatedSource implements EventSource {
  readonly world: World;
  private drawn: History | undefined;

  constructor(options: NonNullable<FolderState['world']>) {
    this.world = new World({
      seed: options.seed,
      viewerCount: options.users,
      videoCount: options.videos,
      dayCount: options.days,
      endMs: options.endMs,
    });
  }

  /** Once it is drawn. */
  get history(): History {
    if (this.drawn === undefined) throw new Error('the history of the world has not been drawn');
    return this.drawn;
  }

  /** @throws the signal's reason */
  async draw(signal: AbortSignal): Promise<void> {
    const task = startTask('Drawing the world', 'viewers');
    await attempt(task, async () => {
      const onProgress = (done: number, total: number) => task.update(done, total);
      this.drawn = await generateHistoryInTurns(this.world, { signal, onProgress });
      task.finish();
    });
  }

  async load(sink: EventSink, signal: AbortSignal): Promise<void> {
    const { events, counts } = this.history;
    const task = startTask('Sending the first days', 'events');
    await attempt(task, async () => {
      await sendAll(events, sink, (done, total) => task.update(done, total), signal);
      task.finish(
        `${counts.impressions.toLocaleString('en-US')} impressions, ${counts.watches.toLocaleString('en-US')} watches`,
      );
    });
  }
}

export class DatasetSource implements EventSource {
  /** Known once it is prepared; tables only. */
  private mappingFile: string | undefined;

  constructor(
    private readonly name: string,
    private readonly options: Pick<LauncherOptions, 'path' | 'mappingFile' | 'yes'>,
    private readonly say: (text: string) => void,
  ) {}

  /** Finds the files, and asks what has to be asked, while nothing runs yet. @throws LaunchError */
  async prepare(): Promise<void> {
    const path = this.options.path as string;
    try {
      if (this.name === 'table') this.mappingFile = await this.chooseMapping(path);
      await importerNamed(this.name).files(path, this.mappingFile);
    } catch (error) {
      throw launchErrorOf(error);
    }
  }

  /** For the folder that it goes into. */
  get readFrom(): Pick<FolderState, 'path' | 'mapping'> {
    const path = resolve(this.options.path as string);
    return { path, ...(this.mappingFile === undefined ? {} : { mapping: resolve(this.mappingFile) }) };
  }

  async load(sink: EventSink, signal: AbortSignal): Promise<void> {
    const importer = importerNamed(this.name);
    const path = this.options.path as string;
    const { mappingFile } = this;
    const reading = startTask(`Reading ${this.name}`, 'rows');
    const sending = { task: undefined as ReturnType<typeof startTask> | undefined };
    try {
      const { badRows, summary } = await importEvents(importer, path, sink, {
        signal,
        mappingFile,
        onReading: (file, rows, totalRows) => reading.update(rows, totalRows, file),
        onLoaded: () => {
          reading.finish();
          sending.task = startTask(`Sending ${this.name}`, 'events');
        },
        onSent: (done, total) => sending.task?.update(done, total),
      });
      sending.task?.finish(describeCounts(summary.counts));
      for (const note of summary.notes) this.say(note);
      if (badRows.total > 0) this.say(badRows.describe());
    } catch (error) {
      (sending.task ?? reading).abandon();
      throw launchErrorOf(error);
    }
  }

  private async chooseMapping(path: string): Promise<string> {
    const { mappingFile, yes } = this.options;
    return mappingFile ?? (await mappingFileFor(path, { yes, say: this.say, ask: askOnTerminal() }));
  }
}

function launchErrorOf(error: unknown): unknown {
  if (!(error instanceof DatasetError)) return error;
  return new LaunchError(error.message, 'Give the data set’s folder or file as --path.', { cause: error });
}

async function attempt(task: { abandon(): void }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    task.abandon();
    throw error;
  }
}
