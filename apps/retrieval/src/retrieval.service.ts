/** Adapts Retrieve to gRPC: checks the request, chooses the snapshot, answers errors as the contract says. */
import { status } from '@grpc/grpc-js';
import { MAX_CANDIDATES, type RetrieveRequest, type RetrieveResponse } from '@watchnext/contract';
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
import { SearchOverloadedError } from '@watchnext/vector-search';
import type { CanaryQueries } from './canaries';
import type { LiveCatalogue } from './catalogue/live-catalogue';
import { LEFT_OUT_REASONS } from './left-out';
import { METRICS } from './metrics';
import type { RecallMeter } from './recall-meter';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { retrieve, type RetrieveQuery } from './retrieve';

export interface RetrievalServiceParts {
  readonly holder: SnapshotHolder<RetrievalSnapshot>;
  readonly catalogue: LiveCatalogue;
  readonly canaries: CanaryQueries;
  readonly recall: RecallMeter;
  readonly metrics: MetricsRegistry;
}

export class RetrievalService {
  constructor(private readonly parts: RetrievalServiceParts) {}

  /** @throws rpcError INVALID_ARGUMENT, FAILED_PRECONDITION, UNAVAILABLE, RESOURCE_EXHAUSTED */
  async retrieve(request: RetrieveRequest, { signal }: Pick<CallContext, 'signal'>): Promise<RetrieveResponse> {
    const { holder, catalogue } = this.parts;
    const { state, context, ...query } = checked(request);
    const restrictions = catalogue.restrictionsFor(state, context);
    return useSnapshot(holder, request.snapshotId, async (snapshot, snapshotId) => ({
      snapshotId,
      candidates: await this.answer(snapshot, { state, context, ...query, restrictions }, signal),
      heldSnapshotIds: holder.servableIds(),
    }));
  }

  private async answer(snapshot: RetrievalSnapshot, query: RetrieveQuery, signal: AbortSignal) {
    const { canaries, recall, metrics, holder } = this.parts;
    try {
      const { candidates, method, features, userVector, searchMs, leftOut } = await retrieve(snapshot, query, signal);
      metrics.count(METRICS.searches, { method });
      metrics.observe(METRICS.searchSeconds, searchMs / 1_000);
      for (const reason of LEFT_OUT_REASONS) metrics.count(METRICS.leftOut, { reason }, leftOut[reason]);
      canaries.add(query.state.userId, features);
      if (snapshot.snapshotId === holder.currentId()) recall.offer(snapshot.index, userVector);
      return candidates;
    } catch (error) {
      if (!(error instanceof SearchOverloadedError)) throw error;
      metrics.count(METRICS.refusedSearches);
      throw rpcError(status.RESOURCE_EXHAUSTED, error.message, {}, error);
    }
  }
}

function checked(request: RetrieveRequest) {
  const { state, context } = requireStateAndContext(request);
  const { candidateCount, excludeVideoIds } = request;
  if (candidateCount < 1 || candidateCount > MAX_CANDIDATES) {
    throw invalidArgument('candidateCount', `must be 1 to ${MAX_CANDIDATES}, not ${candidateCount}`);
  }
  requirePlausible(excludeVideoIds, 'excludeVideoIds', { maxItems: MAX_CANDIDATES });
  return { state, context, candidateCount, excludeVideoIds };
}
