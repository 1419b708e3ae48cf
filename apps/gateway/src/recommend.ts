/** The command behind a list of recommendations; it knows nothing of HTTP. */
import { impressionIdOf, type Mark, Rung } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import { LineLimit, type Logger } from '@watchnext/service';
import type { ExperimentsFile } from '@watchnext/experiments';
import type { Ranking, Retrieval } from './clients/model-clients';
import type { UserStates } from './clients/user-states';
import { encodeCursor, hashOfShown } from './cursor';
import { type Metrics, METRICS } from './metrics';
import type { Draft, ItemExplanation, PlacedItem, RecommendationRequest } from './pipeline/draft';
import { runStages, type Stage, type StageReport } from './pipeline/executor';
import { CallerGoneError, type StageFailure } from './pipeline/failure';
import { isWhole, rungName, type RungDecision, rungOf } from './pipeline/ladder';
import { assignStage } from './stages/assign';
import { blendStage } from './stages/blend';
import { checksumsStage } from './stages/checksums';
import { diversifyStage } from './stages/diversify';
import type { Caps } from './stages/caps';
import { type Exploration, exploreStage } from './stages/explore';
import { type FatigueRule } from './stages/fatigue';
import { interleaveStage, isInterleaved } from './stages/interleave';
import { explainStage } from './stages/explain';
import { filterStage } from './stages/filter';
import { gatherStage, type Memory } from './stages/gather';
import { LOG_IMPRESSIONS, logImpressionsStage, type LostList, servedSnapshotId } from './stages/log-impressions';
import { rankStage } from './stages/rank';
import { contextOf, readStateStage } from './stages/read-state';
import { retrieveStage } from './stages/retrieve';
import type { EventLog } from '@watchnext/event-log';
import type { Dependency } from './resilience/dependency';

export interface RecommendDependencies {
  readonly states: UserStates;
  readonly retrieval: Retrieval;
  readonly ranking: Ranking;
  readonly eventLog: EventLog;
  /** How the event log is called. */
  readonly calls: { readonly eventLog: Dependency };
  readonly memory: Memory;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Those in force now. */
  readonly experiments: () => ExperimentsFile;
}

export interface RecommendOptions {
  /** How long a list waits for its record in the event log. */
  readonly logPatienceMs: number;
  readonly candidateCount: number;
  readonly caps: Caps;
  readonly fatigue: FatigueRule;
  /** Undefined: no place is kept for fresh videos. */
  readonly freshExploration: Exploration | undefined;
  readonly deadlineMs: number;
}

export interface Recommendations {
  readonly snapshotId: string;
  readonly rung: Rung;
  readonly rungReason: string;
  /** As `isWhole` of the rung. */
  readonly isWhole: boolean;
  readonly mark: Mark;
  readonly warnings: readonly string[];
  readonly assignments: Draft['assignments'];
  readonly items: readonly (PlacedItem & { readonly impressionId: string; readonly explanation?: ItemExplanation })[];
  /** Undefined: there is nothing more to show. */
  readonly nextCursor: string | undefined;
  /** What its stages took, in the order in which they ran. */
  readonly stages: readonly StageReport[];
}

/** Kept off the deadline for writing the answer out. */
const ANSWER_MS = 15;
/** Lines a second of failed stages and of lists below full, each: an outage under load makes as many as there are requests. */
const LINES_PER_SECOND = 10;

export class Recommender {
  private readonly stages: readonly Stage<Draft>[];
  private readonly failureLines = this.lineLimit('stage failed, more often');
  private readonly rungLines = this.lineLimit('answered below full, more often');

  constructor(
    private readonly dependencies: RecommendDependencies,
    private readonly options: RecommendOptions,
  ) {
    const { states, retrieval, ranking, eventLog, calls, memory, nowMs, experiments } = dependencies;
    const rankingStages = [
      retrieveStage(retrieval, options.candidateCount, options.fatigue),
      gatherStage(memory),
      filterStage(options.fatigue),
      blendStage(),
      rankStage(ranking),
    ];
    this.stages = [
      readStateStage(states),
      assignStage(experiments),
      interleaveStage(rankingStages, (draft, stage) => this.report(draft, stage)),
      ...rankingStages.map(unlessInterleaved),
      diversifyStage(options.caps),
      exploreStage(options.caps, options.freshExploration),
      checksumsStage(ranking),
      explainStage(ranking),
      logImpressionsStage(eventLog, calls.eventLog, {
        patienceMs: options.logPatienceMs,
        nowMs,
        onLate: () => this.dependencies.metrics.count(METRICS.lateRecords),
        onLost: (lost, failure) => this.reportLost(lost, failure),
      }),
    ];
  }

  /**
   * One page for one user, within the deadline whatever is down.
   * @param callerGone aborted when nobody waits for the answer any longer
   * @throws CallerGoneError; anything else only for bugs
   */
  async recommend(
    request: RecommendationRequest,
    callerGone: AbortSignal = new AbortController().signal,
  ): Promise<Recommendations> {
    const startedAtMs = Date.now();
    const { metrics } = this.dependencies;
    const usualMs = this.options.deadlineMs;
    const leftMs = Math.min(usualMs, request.callersDeadlineMs ?? usualMs) - request.waitedMs;
    const limits = {
      deadlineAtMs: startedAtMs + leftMs - ANSWER_MS,
      signal: callerGone,
      isHurried: leftMs < usualMs / 2,
    };
    const known = this.withKnownSeed(request);
    const stages: StageReport[] = [];
    const draft = await runStages(this.stages, this.initialDraft(known), limits, (report) => {
      stages.push(report);
      this.report(known, report);
    }).catch((error: unknown) => {
      if (error instanceof CallerGoneError) metrics.count(METRICS.abandonedRequests);
      throw error;
    });
    const standing = rungOf(draft);
    const { rung, reason, category } = standing;
    for (const [filter, count] of Object.entries(draft.removedByFilter))
      metrics.count(METRICS.removed, { filter }, count);
    const bySource = countsOf(draft.candidates.map(({ sources }) => sources[0]!.source));
    for (const [source, count] of bySource) metrics.count(METRICS.candidates, { source }, count);
    if (draft.failures.some(({ stage }) => stage === LOG_IMPRESSIONS))
      metrics.count(METRICS.unloggedImpressions, {}, draft.page.length);
    metrics.count(METRICS.answers, { rung: rungName(rung), reason: category });
    // Nobody of the experiment saw a preview.
    for (const { experiment, variant } of request.preview ? [] : draft.assignments)
      metrics.count(METRICS.assignedLists, { experiment: experiment.name, variant: variant.name });
    metrics.observe(METRICS.requestSeconds, (Date.now() - startedAtMs) / 1_000);
    this.logAnswer(draft, standing);
    return {
      snapshotId: servedSnapshotId(draft),
      rung,
      rungReason: reason,
      isWhole: isWhole(standing),
      mark: draft.mark,
      warnings: draft.warnings,
      assignments: draft.assignments,
      items: draft.page.map((item) => {
        const explanation = draft.explanations.get(item.videoId);
        return {
          ...item,
          impressionId: impressionIdOf(request.requestId, item.position),
          ...(explanation ? { explanation } : {}),
        };
      }),
      nextCursor: this.nextCursor(draft, request),
      stages,
    };
  }

  /** What an experiment chose is no news, and there may be much of it. */
  private logAnswer(draft: Draft, standing: RungDecision): void {
    const { logger } = this.dependencies;
    const { rung, reason, category } = standing;
    const facts = { ...idsOf(draft.request), rung: rungName(rung), items: draft.page.length };
    if (isWhole(standing)) logger.debug(facts, 'answered');
    else if (this.rungLines.take()) logger.info({ ...facts, reason, category }, 'answered below full');
  }

  private lineLimit(what: string): LineLimit {
    return new LineLimit(LINES_PER_SECOND, (leftOut) => this.dependencies.logger.info({ leftOut }, what));
  }

  private initialDraft({ request, warnings }: { request: RecommendationRequest; warnings: readonly string[] }): Draft {
    const state = newState(request.userId);
    return {
      request,
      warnings,
      state,
      mark: this.dependencies.states.emptyMark(request.userId),
      context: contextOf(request, state),
      assignments: [],
      serving: {},
      snapshotId: '',
      retrieved: [],
      retrievalHolds: [],
      offers: [],
      proposals: [],
      removedByFilter: {},
      candidates: [],
      ranked: [],
      page: [],
      exploredPlaces: [],
      explanations: new Map(),
      failures: [],
    };
  }

  /**
   * A seed that the catalogue does not know is ignored with a warning: a video uploaded a moment ago may not have
   * arrived here yet, and its viewer is better served with a list than with a 404.
   */
  private withKnownSeed(request: RecommendationRequest): { request: RecommendationRequest; warnings: string[] } {
    const { seedVideoId } = request;
    if (seedVideoId === '' || this.dependencies.memory.catalogue.get(seedVideoId)) return { request, warnings: [] };
    return {
      request: { ...request, seedVideoId: '' },
      warnings: [`seed ${seedVideoId} is not in the catalogue and was ignored`],
    };
  }

  /** @param request as it came: the cursor is bound to the seed that the caller will send again */
  private nextCursor(draft: Draft, request: RecommendationRequest): string | undefined {
    if (draft.page.length === 0 || draft.ranked.length <= draft.page.length) return undefined;
    const shown = new Set(request.shown);
    for (const { videoId } of draft.page) shown.add(hashOfShown(videoId));
    return encodeCursor(shown, request, this.dependencies.nowMs());
  }

  private report({ request }: { request: RecommendationRequest }, report: StageReport): void {
    const { metrics, logger } = this.dependencies;
    metrics.stage(report);
    const { stage, outcome, failure, latencyMs } = report;
    const facts = { ...idsOf(request), stage, outcome, latencyMs };
    if (!failure) logger.trace(facts, 'stage done');
    else this.logFailure(facts, failure);
  }

  /** A record that failed when its list was answered already. */
  private reportLost(lost: LostList, failure: StageFailure): void {
    const { metrics } = this.dependencies;
    metrics.count(METRICS.unloggedImpressions, {}, lost.impressionCount);
    metrics.stageFailure(failure);
    this.logFailure({ ...idsOf(lost), stage: failure.stage, outcome: 'lost' }, failure);
  }

  private logFailure(facts: object, { category, message, cause }: StageFailure): void {
    const { logger } = this.dependencies;
    if (category === 'programmer') logger.error({ ...facts, err: cause }, 'stage failed');
    else if (this.failureLines.take())
      logger.warn({ ...facts, category, reason: message, cause: causeOf(cause) }, 'stage failed');
  }
}

/** For the log; the caller's own where there is one. */
const idsOf = ({ requestId, callId }: Pick<RecommendationRequest, 'requestId' | 'callId'>) =>
  callId === requestId ? { requestId } : { requestId, callId };

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Drafts of interleaved lists come ranked. */
function unlessInterleaved(stage: Stage<Draft>): Stage<Draft> {
  return { ...stage, applies: (draft) => !isInterleaved(draft) && (stage.applies?.(draft) ?? true) };
}

/** What lies behind a dependency's failure, in words: its stack would say nothing that the category does not. */
function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : undefined;
}
