/** Where a start's events come from: the simulated world, or a data set. */
import { DatasetError, IMPORTERS, importEvents, startTask } from '@watchnext/datasets';
import { generateHistory, sendAll, World, type EventSink, type History } from '@watchnext/simulator';
import type { FolderState } from './data-folder';
import { LaunchError } from './launch-error';

export interface EventSource {
  /** Sends the history. @throws LaunchError when it cannot be read */
  load(sink: EventSink, signal: AbortSignal): Promise<void>;
}

/** The world and its past, made anew from the same options at every start; only the first start sends it. */
export class SimulatedSource implements EventSource {
  readonly world: World;
  private generated: History | undefined;

  constructor(options: NonNullable<FolderState['world']>) {
    this.world = new World({
      seed: options.seed,
      viewerCount: options.users,
      videoCount: options.videos,
      dayCount: options.days,
      endMs: options.endMs,
    });
  }

  get history(): History {
    return (this.generated ??= generateHistory(this.world));
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
  constructor(
    private readonly name: string,
    private readonly path: string,
    private readonly say: (text: string) => void,
  ) {}

  async load(sink: EventSink, signal: AbortSignal): Promise<void> {
    const importer = IMPORTERS.get(this.name);
    if (importer === undefined) throw new LaunchError(`there is no importer for ${this.name}`);
    const reading = startTask(`Reading ${this.name}`, 'rows');
    const sending = { task: undefined as ReturnType<typeof startTask> | undefined };
    try {
      const { badRows, summary } = await importEvents(importer, this.path, sink, {
        signal,
        onReading: (file, rows) => reading.update(rows, 0, file),
        onLoaded: () => {
          reading.finish();
          sending.task = startTask(`Sending ${this.name}`, 'events');
        },
        onSent: (done, total) => sending.task?.update(done, total),
      });
      sending.task?.finish(`${(summary.counts.impressions ?? 0).toLocaleString('en-US')} impressions`);
      if (badRows.total > 0) this.say(badRows.describe());
    } catch (error) {
      (sending.task ?? reading).abandon();
      if (error instanceof DatasetError)
        throw new LaunchError(error.message, 'Give the folder with the data set’s files as --path.', { cause: error });
      throw error;
    }
  }
}

async function attempt(task: { abandon(): void }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    task.abandon();
    throw error;
  }
}
