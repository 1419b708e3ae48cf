/** Adapts Rank to gRPC: checks the request, chooses the snapshot, answers errors as the contract says. */
import { status } from '@grpc/grpc-js';
import { MAX_CANDIDATES, type RankRequest, type RankResponse } from '@watchnext/contract';
import { TowerOverloadedError } from '@watchnext/inference';
import {
  type CallContext,
  invalidArgument,
  type MetricsRegistry,
  requirePlausible,
  requireStateAndContext,
  rpcError,
  useSnapshot,
} from '@watchnext/service';
import type { SnapshotHolder } from '@watchnext/snapshot-store';
import { HeldCalls } from '@watchnext/threads';
import type { LastQueries } from './check-snapshot';
import { METRICS } from './metrics';
import { rank, type RankQuery } from './rank';
import type { RankingSnapshot } from './ranking-snapshot';

export interface RankingServiceOptions {
  /** Requests that are scored at once: one for each thread, so that threads have work. */
  readonly atOnce: number;
  /** Requests that may wait for their turn; more are refused. */
  readonly queueLimit: number;
}

export class RankingService {
  /**
   * One after the other, first come, first served. Rows of several requests in turns, as events bring them, would make all requests of a
   * burst as late as its last one (docs/decisions/0135-first-come-first-scored.md).
   */
  private readonly turns: HeldCalls;

  constructor(
    private readonly holder: SnapshotHolder<RankingSnapshot>,
    private readonly metrics: MetricsRegistry,
    private readonly lastQueries: LastQueries,
    private readonly options: RankingServiceOptions,
  ) {
    this.turns = new HeldCalls(options.atOnce);
  }

  /** Requests that wait for their turn. */
  get waitingCount(): number {
    return this.turns.waitingCount;
  }

  /** @throws rpcError INVALID_ARGUMENT, FAILED_PRECONDITION, UNAVAILABLE, RESOURCE_EXHAUSTED */
  async rank(request: RankRequest, { signal }: Pick<CallContext, 'signal'>): Promise<RankResponse> {
    const query = checked(request);
    this.lastQueries.add(query);
    return useSnapshot(this.holder, request.snapshotId, async (snapshot, snapshotId) => ({
      snapshotId,
      scores: await this.scored(snapshot, query, signal),
      heldSnapshotIds: this.holder.servableIds(),
    }));
  }

  private async scored(snapshot: RankingSnapshot, query: RankQuery, signal: AbortSignal) {
    const startedAt = performance.now();
    const scores = await this.inTurn(() => rank(snapshot, query, signal), query, signal).catch((error: unknown) => {
      if (!(error instanceof TowerOverloadedError)) throw error;
      this.metrics.count(METRICS.refused);
      throw rpcError(status.RESOURCE_EXHAUSTED, error.message, {}, error);
    });
    this.metrics.count(METRICS.candidates, {}, scores.length);
    if (query.explain) this.metrics.count(METRICS.explained);
    else this.metrics.observe(METRICS.scoreSeconds, (performance.now() - startedAt) / 1_000);
    return scores;
  }

  private inTurn<T>(score: () => Promise<T>, { explain }: RankQuery, signal: AbortSignal): Promise<T> {
    // Takes many times as long, for somebody who looks at one list: nobody waits behind it.
    if (explain) return score();
    if (this.waitingCount >= this.options.queueLimit)
      return Promise.reject(new TowerOverloadedError(this.waitingCount));
    return this.turns.run(score, signal);
  }
}

function checked(request: RankRequest): RankQuery {
  const { state, context } = requireStateAndContext(request);
  const { candidates, explain, checksumCount } = request;
  if (candidates.length < 1 || candidates.length > MAX_CANDIDATES) {
    throw invalidArgument('candidates', `must be 1 to ${MAX_CANDIDATES}, not ${candidates.length}`);
  }
  // An inner product, which retrieval's scores are, may be negative.
  requirePlausible(candidates, 'candidates', { signed: ['sourceScore'], maxItems: MAX_CANDIDATES });
  candidates.forEach(({ videoId }, index) => {
    if (videoId === '') throw invalidArgument(`candidates[${index}].videoId`, 'is empty');
  });
  return { state, context, candidates, explain, checksumCount };
}
