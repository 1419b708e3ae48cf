/** Adapts Retrieve to gRPC: checks the request, chooses the snapshot, answers errors as the contract says. */
import { status } from '@grpc/grpc-js';
import type { RetrieveRequest, RetrieveResponse } from '@watchnext/contract';
import { invalidArgument, requirePlausible, rpcError, useSnapshot } from '@watchnext/service';
import type { SnapshotHolder } from '@watchnext/snapshot-store';
import { SearchOverloadedError } from '@watchnext/vector-search';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { retrieve, type RetrieveQuery } from './retrieve';

const MAX_CANDIDATES = 2_000;

export class RetrievalService {
  constructor(private readonly holder: SnapshotHolder<RetrievalSnapshot>) {}

  /** @throws rpcError INVALID_ARGUMENT, FAILED_PRECONDITION, UNAVAILABLE, RESOURCE_EXHAUSTED */
  async retrieve(request: RetrieveRequest): Promise<RetrieveResponse> {
    const query = checked(request);
    return useSnapshot(this.holder, request.snapshotId, async (snapshot, snapshotId) => ({
      snapshotId,
      candidates: await retrieve(snapshot, query).catch(refuseOverload),
      heldSnapshotIds: this.holder.heldIds(),
    }));
  }
}

function refuseOverload(error: unknown): never {
  if (error instanceof SearchOverloadedError) throw rpcError(status.RESOURCE_EXHAUSTED, error.message, {}, error);
  throw error;
}

function checked({ state, context, candidateCount, excludeVideoIds }: RetrieveRequest): RetrieveQuery {
  if (!state) throw invalidArgument('state', 'is missing');
  if (!context) throw invalidArgument('context', 'is missing');
  requirePlausible(state, 'state');
  requirePlausible(context, 'context');
  if (context.requestedAtMs === 0) throw invalidArgument('context.requestedAtMs', 'is missing');
  if (candidateCount < 1 || candidateCount > MAX_CANDIDATES) {
    throw invalidArgument('candidateCount', `must be 1 to ${MAX_CANDIDATES}, not ${candidateCount}`);
  }
  requirePlausible(excludeVideoIds, 'excludeVideoIds', { maxItems: MAX_CANDIDATES });
  return { state, context, candidateCount, excludeVideoIds };
}
