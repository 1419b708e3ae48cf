/** One start, from an empty or a used data folder to a list on the screen, and then until it is stopped. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnswerError, GatewayClient, type Recommendations } from '@watchnext/clients';
import { duration } from '@watchnext/command-line';
import { unlessAborted } from '@watchnext/waiting';
import { DataFolder, type FolderState } from './data-folder';
import { waitForLag } from './lag';
import { LaunchError } from './launch-error';
import { describeBygone, LiveWorld } from './live-world';
import { EXIT_CODES, type LauncherOptions } from './options';
import { openProducer } from './producer';
import { refuseOtherOptions } from './refuse-other-options';
import { planServices, type ServicePlan } from './services';
import { formatHistory, formatRecommendations, type UserHistory } from './show';
import { DatasetSource, SimulatedSource } from './source';
import { Supervisor } from './supervisor';
import { trainOnce, type TrainingResult } from './training';

/** Services look for a new snapshot every few seconds, then load and verify it. */
const SNAPSHOT_LIMIT_MS = 60_000;
const STATUS_EVERY_MS = 60_000;
const SNAPSHOT_CHECK_MS = 5_000;
const LIST_LENGTH = 10;
/** Asks for lists only to see whether they are full; nobody else's state is touched by it. */
const PROBE_USER = 'launcher-probe';

export interface LaunchReport {
  readonly dataset: string;
  readonly dataDirectory: string;
  readonly continued: boolean;
  readonly secondsByStep: Record<string, number>;
  secondsToFirstList?: number;
  training?: unknown;
  evaluation?: unknown;
  firstList?: Recommendations;
}

export class Launcher {
  private readonly startedAtMs = Date.now();
  private readonly secondsByStep: Record<string, number> = {};
  private supervisor: Supervisor | undefined;

  constructor(
    private readonly root: string,
    private readonly options: LauncherOptions,
    private readonly say: (text: string) => void,
  ) {}

  /**
   * Runs until `signal` is aborted, or until the first list with `onceAndExit`. Nothing is left running afterwards.
   *
   * @returns the exit code
   * @throws LaunchError for what a person can mend
   */
  async run(signal: AbortSignal): Promise<number> {
    const folder = await DataFolder.open(this.options.dataDirectory);
    const stopping: (() => Promise<unknown>)[] = [];
    try {
      await folder.waitForStragglers((pids) =>
        this.say(`Waiting for services of an earlier start to end (${pids.join(', ')}) …`),
      );
      const { state, continued, dataset } = await this.prepareFolder(folder);
      this.say(`Data: ${folder.path}   Logs: ${folder.logFolder}`);
      const plan = await planServices(this.root, folder.path, this.options.port);
      this.supervisor = new Supervisor(folder, this.say);
      return await this.serve({
        folder,
        state,
        continued,
        dataset,
        plan,
        supervisor: this.supervisor,
        signal,
        stopping,
      });
    } finally {
      if (signal.aborted) this.say('Stopping …');
      for (const stop of stopping.reverse()) await stop().catch(() => undefined);
      await this.supervisor?.stop();
      await folder.close();
    }
  }

  /** Ends all processes at once. */
  kill(): void {
    this.supervisor?.kill();
  }

  /** What a folder held is removed only once it is known that there is something to fill it with. */
  private async prepareFolder(folder: DataFolder): Promise<Pick<Start, 'state' | 'continued' | 'dataset'>> {
    const { options } = this;
    const found = options.fresh ? undefined : await folder.readState();
    if (found?.loaded) {
      refuseOtherOptions(found, options);
      return { state: found, continued: true, dataset: undefined };
    }
    if (options.fresh) await folder.refuseForeign();
    const isImported = options.dataset !== 'simulator';
    const dataset = isImported ? new DatasetSource(options.dataset, options, this.say) : undefined;
    await dataset?.prepare();
    if (found !== undefined) this.say('The last start ended before its history was loaded: beginning anew.');
    if (options.fresh || found !== undefined) await folder.clear();
    const world = { ...options.world, endMs: Date.now() };
    const state: FolderState = {
      version: 1,
      dataset: options.dataset,
      ...(options.dataset === 'simulator' ? { world } : {}),
      loaded: false,
    };
    folder.writeState(state);
    return { state, continued: false, dataset };
  }

  private async serve(start: Start): Promise<number> {
    const { folder, state, plan, supervisor, signal, continued, dataset, stopping } = start;
    const report: LaunchReport = {
      dataset: state.dataset,
      dataDirectory: folder.path,
      continued,
      secondsByStep: this.secondsByStep,
    };

    const starting = this.step('start services', signal, () => supervisor.start(plan.services));
    // The world is drawn while the services start: they are other processes. An early failure is awaited below.
    starting.catch(() => undefined);
    const bygone = state.world && describeBygone(state.world);
    if (bygone !== undefined) this.say(bygone);
    const source = state.world && bygone === undefined ? new SimulatedSource(state.world) : undefined;
    if (source !== undefined) await this.step('draw the world', signal, () => source.draw(signal));
    await starting;
    signal.throwIfAborted();

    const producer = openProducer(plan.ingestionUrl, state.dataset, (line) => process.stderr.write(line));
    stopping.push(() => producer.close());
    const past = source ?? dataset;
    if (!continued && past !== undefined) {
      await this.step('load history', signal, () => past.load(producer, signal));
      if (producer.rejectedCount > 0)
        this.say(`The collector refused ${producer.rejectedCount} events, the first ${producer.firstRejection}`);
      folder.writeState({ ...state, ...dataset?.readFrom, loaded: true });
    }
    const gateway = new GatewayClient(plan.gatewayUrl);
    const live = source && new LiveWorld(source, gateway, producer, this.say, continued);
    if (live !== undefined) stopping.push(() => live.stop());
    if (live !== undefined) await this.step('catch the world up', signal, () => live.catchUp());
    await this.step('catch up', signal, () => waitForLag(plan.ingestionUrl, signal, folder.logFile('ingestion')));

    const trained = await this.trainIfNeeded(start, gateway);
    report.training = trained?.report;
    if (trained?.outcome !== 'rejected')
      await this.step('load the snapshot', signal, () => this.waitForFullLists(gateway, signal));

    const userId = live?.shownViewer().id ?? (await busyUser(gateway, signal));
    const asked = { limit: LIST_LENGTH, surface: 'home' } as const;
    const first = await this.step('first list', signal, () =>
      trained?.outcome === 'rejected'
        ? gateway.recommendations(userId, asked, signal)
        : fullList(gateway, userId, asked, signal),
    );
    report.firstList = first;
    report.secondsToFirstList = seconds(Date.now() - this.startedAtMs);
    if (live !== undefined) {
      const { rows, text } = await live.evaluate(signal);
      report.evaluation = rows;
      this.say(`\n${text}`);
    }
    const history = await gateway.get<UserHistory>(`/v1/users/${encodeURIComponent(userId)}/history`, signal);
    this.say(`\n${formatHistory(history)}\n\n${formatRecommendations(first)}\n`);
    this.say(`First list after ${duration(report.secondsToFirstList)}: ${describeSteps(this.secondsByStep)}.`);
    if (this.options.jsonFile !== undefined)
      await writeFile(this.options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
    if (this.options.onceAndExit) return first.rung === 'full' ? EXIT_CODES.done : EXIT_CODES.noSnapshot;

    supervisor.startInBackground(plan.trainer([]));
    live?.start();
    this.say(
      `\nThe page: ${plan.gatewayUrl}\nEvents: ${plan.ingestionUrl}/v1/events\nTraining again every ten minutes${live ? ', while the simulated viewers go on' : ''}. Ctrl-C stops everything.\n`,
    );
    await this.stayUp(gateway, live, first.snapshotId, signal);
    return EXIT_CODES.done;
  }

  /** A folder with a snapshot serves it; the schedule brings the next. */
  private async trainIfNeeded(start: Start, gateway: GatewayClient): Promise<TrainingResult | undefined> {
    const { folder, plan, supervisor, signal, stopping } = start;
    const current = await currentSnapshot(gateway, signal);
    if (current !== undefined) {
      this.say(`Snapshot ${current} is there: serving it.`);
      return undefined;
    }
    this.say('Training both models:');
    const setting = { logFile: folder.logFile('trainer'), folder: folder.path, ifNothing: remedyForNothing(start) };
    const trained = await this.step('train', signal, () => {
      const training = trainOnce(plan.trainer, setting, signal, (pid) => supervisor.setExtraProcess(pid));
      // It ends at its next clean point, and works in the folder until then.
      stopping.push(() => training);
      return training;
    });
    if (trained.table !== '') this.say(`\n${trained.table}\n`);
    if (trained.outcome === 'rejected')
      this.say('The gate rejected the snapshot: popular videos are served until a later one passes.');
    return trained;
  }

  /** Lists are full once retrieval, ranking and gateway have loaded the snapshot. */
  private async waitForFullLists(gateway: GatewayClient, signal: AbortSignal): Promise<void> {
    const { rung, rungReason } = await fullList(gateway, PROBE_USER, { limit: 1, surface: 'home' }, signal).catch(
      (error: Error) => ({ rung: '', rungReason: error.message }),
    );
    if (rung === 'full') return;
    signal.throwIfAborted();
    throw new LaunchError(
      `the services do not serve the snapshot: rung ${rung || 'none'}, ${rungReason ?? 'no reason given'}`,
      'Their logs say why.',
    );
  }

  /** Tells of new snapshots and of how the world goes, until stopped. */
  private async stayUp(
    gateway: GatewayClient,
    live: LiveWorld | undefined,
    snapshotId: string,
    signal: AbortSignal,
  ): Promise<void> {
    let served = snapshotId;
    let lastStatusMs = Date.now();
    while (!signal.aborted) {
      await sleep(SNAPSHOT_CHECK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const current = await currentSnapshot(gateway, signal).catch(() => undefined);
      if (current !== undefined && current !== served) {
        served = current;
        this.say(`Snapshot ${current} passed the gate and is served now.`);
      }
      if (live !== undefined && Date.now() - lastStatusMs >= STATUS_EVERY_MS) {
        lastStatusMs = Date.now();
        this.say(live.describe());
      }
    }
  }

  /** Times a step, and leaves it where it stands when the signal says so. */
  private async step<Result>(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const startedAtMs = Date.now();
    const result = await unlessAborted(work(), signal);
    this.secondsByStep[name] = seconds(Date.now() - startedAtMs);
    return result;
  }
}

/**
 * Asks again until the list is full: on a busy machine a model may be late for one list or another.
 *
 * @returns the last answer where none is full in a minute
 * @throws what the last request threw, there or where `signal` is aborted
 */
async function fullList(
  gateway: GatewayClient,
  userId: string,
  asked: Parameters<GatewayClient['recommendations']>[1],
  signal: AbortSignal,
): Promise<Recommendations> {
  const giveUpAtMs = Date.now() + SNAPSHOT_LIMIT_MS;
  for (;;) {
    const answer = gateway.recommendations(userId, asked, signal);
    const rung = await answer.then(
      (list) => list.rung,
      () => undefined,
    );
    if (rung === 'full' || signal.aborted || Date.now() > giveUpAtMs) return answer;
    await sleep(200, undefined, { signal });
  }
}

interface Start {
  readonly folder: DataFolder;
  readonly state: FolderState;
  readonly continued: boolean;
  /** To be loaded, and prepared; undefined for the simulator, and for what has been loaded. */
  readonly dataset: DatasetSource | undefined;
  readonly plan: ServicePlan;
  readonly supervisor: Supervisor;
  readonly signal: AbortSignal;
  /** What must end before the services do, last first. */
  readonly stopping: (() => Promise<unknown>)[];
}

/** For data that a trainer finds nothing to learn from in. */
function remedyForNothing({ folder, state, dataset }: Start): string {
  if (state.world !== undefined) return 'Begin anew with --fresh, and give the world more --users or --days.';
  const { path, mapping } = { ...state, ...dataset?.readFrom };
  const log = path === undefined ? ['archive', join(folder.path, 'archive')] : [state.dataset, path];
  const words = [...log, ...(mapping === undefined ? [] : ['--mapping', mapping])].map(shellWord);
  return `\`npm run validate -- ${words.join(' ')}\` says what the log lacks; mend it, then begin anew with --fresh.`;
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function currentSnapshot(gateway: GatewayClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await gateway.get<{ snapshotId: string }>('/v1/snapshot', signal)).snapshotId;
  } catch (error) {
    if (error instanceof AnswerError && error.status === 404) return undefined;
    signal.throwIfAborted();
    throw new LaunchError(`the gateway does not tell its snapshot: ${(error as Error).message}`, 'Its log says why.');
  }
}

/** Of some users, the one with the most watches: there is something to see. */
async function busyUser(gateway: GatewayClient, signal: AbortSignal): Promise<string> {
  const { users } = await gateway.get<{ users: { userId: string; watchCount: number }[] }>(
    '/v1/users?limit=200',
    signal,
  );
  if (users.length === 0) throw new LaunchError('the data holds no users', 'Begin anew with --fresh.');
  return users.reduce((busiest, user) => (user.watchCount > busiest.watchCount ? user : busiest)).userId;
}

const seconds = (ms: number) => Math.round(ms / 10) / 100;

function describeSteps(secondsByStep: Readonly<Record<string, number>>): string {
  return Object.entries(secondsByStep)
    .map(([name, value]) => `${name} ${value.toFixed(1)} s`)
    .join(', ');
}
