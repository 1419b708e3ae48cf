import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { needsWatchTimes } from '@watchnext/candidate-model';
import { HOUR_MS } from '@watchnext/features';
import type { TrainingCheckpoints } from '@watchnext/learning';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { createRandom } from '@watchnext/learning';
import type { Logger } from '@watchnext/service';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { type TensorBackend, type TrainingEngines, trainingEnginesOn } from '@watchnext/tensor';
import { BuildThreads } from '@watchnext/vector-search';
import { CheckpointFolder } from './checkpoint-folder';
import type { TrainerCommand } from './cli';
import { RunStoppedError } from './errors';
import { runPipeline } from './pipeline/run-pipeline';
import type { Stage } from './pipeline/stage';
import type { ProgressReporter } from './progress/progress-reporter';
import { checkTogether } from './ranking-settings';
import { removeOldSnapshotsBy } from './remove-old-snapshots';
import { reportJson, reportText, type RunReport } from './report';
import type { TrainerSettings } from './settings';
import { checkTrainingDays } from './training-window';
import { buildIndexStage, type IndexSettings } from './stages/build-index';
import { checkSanityStage } from './stages/check-sanity';
import { evaluateCandidatesStage } from './stages/evaluate-candidates';
import { evaluateRankingStage } from './stages/evaluate-ranking';
import { gateStage } from './stages/gate';
import { measureCurrentStage } from './stages/measure-current';
import { patienceLoggedTo, patientReads } from './stages/patient-publishing';
import { publishStage } from './stages/publish';
import { readCatalogueStage } from './stages/read-catalogue';
import { replayStage } from './stages/replay';
import { splitStage } from './stages/split';
import { trainCandidatesStage } from './stages/train-candidates';
import { trainOnStage } from './stages/train-on';
import { trainRankingStage } from './stages/train-ranking';
import { writeSnapshotStage } from './stages/write-snapshot';

export interface TrainerParts {
  readonly settings: TrainerSettings;
  readonly archive: EventArchive;
  readonly store: SnapshotStore;
  readonly openLog: () => Promise<EventLog>;
  readonly backend: TensorBackend;
  readonly logger: Logger;
  readonly reporter: ProgressReporter;
  /** Where the table goes. */
  readonly print: (text: string) => void;
}

/** Runs the pipeline, one run at a time. */
export class TrainingRunner {
  private readonly stopping = new AbortController();
  private running: Promise<RunReport> | undefined;

  constructor(private readonly parts: TrainerParts) {}

  /**
   * One run, from archive to published snapshot.
   *
   * @throws NothingToTrainError, RunStoppedError after `stop`, Error while another run goes on, and what drivers throw
   */
  run(command: TrainerCommand): Promise<RunReport> {
    if (this.running) return Promise.reject(new Error('a training run is going on already'));
    this.running = this.runOnce(command).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Ends the run that is going on, if any, at its next clean point, and refuses new ones. */
  async stop(): Promise<void> {
    this.stopping.abort(new RunStoppedError('stop'));
    await this.running?.catch(() => undefined);
  }

  private async runOnce(command: TrainerCommand): Promise<RunReport> {
    const { settings, logger } = this.parts;
    // On a full disk no run comes to its end, after which they would go.
    await removeOldSnapshotsBy(settings, logger);
    const directory = await makeOwnFolder(join(settings.WATCHNEXT_DATA_DIR, 'trainer'), 'run');
    try {
      const report = await this.runIn(directory, command);
      await removeOldSnapshotsBy(settings, logger);
      return report;
    } finally {
      // What the run came to is decided by now: it must not be trained anew for a folder, which goes once the trainer is started again.
      await rm(directory, { recursive: true, force: true }).catch((error: unknown) =>
        logger.warn(
          { err: error },
          'the files of this run cannot be removed: they go when the trainer is started again',
        ),
      );
    }
  }

  private async runIn(directory: string, command: TrainerCommand): Promise<RunReport> {
    const { settings, logger, reporter, backend, print } = this.parts;
    // A pointer that cannot be read would end the run all the same, after both trainings.
    await patientReads(this.parts.store, patienceLoggedTo(logger), this.stopping.signal).readPointer();
    const secondsByStage: Record<string, number> = {};
    const engines = trainingEnginesOn(backend, {
      threads: settings.WATCHNEXT_TRAINING_THREADS,
      kernels: settings.WATCHNEXT_TRAINING_KERNELS,
      onFallback: (reason) => logger.warn(reason),
    });
    const engine = { name: engines.name, kernels: engines.kernels, threads: engines.threads };
    logger.info({ ...engine, backend: backend.version }, 'training engine');
    const checkpoints = new CheckpointFolder(
      join(settings.WATCHNEXT_DATA_DIR, 'trainer', 'checkpoints'),
      // Of threads the result does not depend.
      [backend.version, engines.name, engines.kernels, process.version].join(' '),
      logger,
    );
    const threads = new BuildThreads(settings.WATCHNEXT_INDEX_THREADS);
    const index = { threads, shardCount: settings.WATCHNEXT_INDEX_SHARDS };
    try {
      const state = await runPipeline(
        this.stages(command, engines, directory, index, checkpoints),
        ['published', 'parentSnapshotId', 'verdict', 'metrics', 'split', 'sizes'],
        {
          reporter,
          signal: this.stopping.signal,
          random: createRandom(command.seed),
          onStageDone(stage, seconds, facts) {
            secondsByStage[stage] = seconds;
            logger.info({ stage, seconds: Math.round(seconds * 100) / 100, ...facts }, stage);
          },
        },
      );
      const report: RunReport = {
        outcome: state.verdict.passed ? 'published' : 'rejected',
        ...state.published,
        parentSnapshotId: state.parentSnapshotId,
        verdict: state.verdict,
        metrics: state.metrics,
        evaluation: state.split,
        sizes: state.sizes,
        seed: command.seed,
        tensorBackend: backend,
        engine,
        secondsByStage,
      };
      await checkpoints.clear();
      print(reportText(report));
      if (command.metricsJson !== undefined) await this.writeMetrics(command.metricsJson, report);
      return report;
    } finally {
      await threads.close();
    }
  }

  /** What becomes of the snapshot is decided by now: no failure here is one of the run, which would be trained anew for it. */
  private async writeMetrics(file: string, report: RunReport): Promise<void> {
    try {
      await writeFile(file, `${JSON.stringify(reportJson(report), null, 2)}\n`);
    } catch (error) {
      this.parts.logger.warn(
        { err: error },
        `the metrics could not be written to ${file}: ${(error as Error).message}`,
      );
    }
  }

  private stages(
    { evaluationDays, seed, rankingObjective, rankingPrecision, overrideGate, current }: TrainerCommand,
    engines: TrainingEngines,
    directory: string,
    index: IndexSettings,
    checkpoints: TrainingCheckpoints,
  ): Stage[] {
    const { settings, archive, store, openLog, backend, logger } = this.parts;
    const warm = { candidates: settings.WATCHNEXT_WARM_START, ranking: settings.WATCHNEXT_RANKING_WARM_START };
    const candidateChange = settings.WATCHNEXT_CANDIDATE_SETTINGS;
    const rankingChange = {
      ...settings.WATCHNEXT_RANKING_SETTINGS,
      objective: rankingObjective,
      precision: rankingPrecision,
    };
    checkTogether(rankingChange);
    const settledAfterHours = settings.WATCHNEXT_SETTLED_AFTER_HOURS ?? settings.WATCHNEXT_JOIN_WINDOW_HOURS;
    const exampleDays = settings.WATCHNEXT_TRAINING_DAYS;
    checkTrainingDays(exampleDays, { evaluationDays, settledAfterHours });
    return [
      readCatalogueStage(archive),
      replayStage(archive, {
        partitionCount: settings.WATCHNEXT_ACTIVITY_PARTITIONS,
        joinWindowMs: settings.WATCHNEXT_JOIN_WINDOW_HOURS * HOUR_MS,
        settledAfterMs: settledAfterHours * HOUR_MS,
        countedAfterMs: settings.WATCHNEXT_COUNTED_AFTER_HOURS * HOUR_MS,
        withWatchTimes: needsWatchTimes({ historyEncoder: 'mean', ...candidateChange }),
        ...(exampleDays === undefined ? {} : { exampleDays }),
      }),
      splitStage(evaluationDays),
      trainCandidatesStage(engines.candidate, seed, {
        change: candidateChange,
        checkpoints,
        ...(warm.candidates ? { warmStartFrom: store } : {}),
      }),
      buildIndexStage(index),
      evaluateCandidatesStage(settings.WATCHNEXT_EVALUATION_USERS),
      trainRankingStage(engines.ranking, seed, {
        change: rankingChange,
        checkpoints,
        ...(warm.ranking ? { warmStartFrom: store } : {}),
      }),
      evaluateRankingStage(),
      measureCurrentStage(patientReads(store, patienceLoggedTo(logger), this.stopping.signal)),
      gateStage(overrideGate),
      trainOnStage(engines, seed, index, checkpoints, warm),
      checkSanityStage(overrideGate),
      writeSnapshotStage(directory, {
        tensorBackend: backend.name,
        engine: { name: engines.name, kernels: engines.kernels, threads: engines.threads },
        seed,
      }),
      publishStage(store, openLog, patienceLoggedTo(logger), current),
    ];
  }
}
