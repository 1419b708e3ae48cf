import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { HELD_SNAPSHOTS_METADATA } from '@watchnext/service';
import { SnapshotMissingError, translateRpcError } from './rpc-failure';

describe('a call that failed', () => {
  const failed = (code: status, held?: string) => {
    const metadata = new Metadata();
    if (held !== undefined) metadata.set(HELD_SNAPSHOTS_METADATA, held);
    const error = Object.assign(new Error('10.0.0.7: no'), { code, details: 'no', metadata }) as ServiceError;
    return translateRpcError('ranking', 'one', error);
  };

  it.each([
    ['UNAVAILABLE', 'dependency-unreachable', 'ranking: unreachable'],
    ['DEADLINE_EXCEEDED', 'dependency-late', 'ranking: late'],
    ['RESOURCE_EXHAUSTED', 'dependency-overloaded', 'ranking: has too much to do'],
    ['FAILED_PRECONDITION', 'dependency-not-ready', 'ranking: not ready'],
    ['INTERNAL', 'dependency-failed', 'ranking: failed'],
    ['INVALID_ARGUMENT', 'dependency-refused', 'ranking: refused the request'],
  ] as const)('with %s is of those who must act on it, and keeps addresses to the log', (code, category, message) => {
    const failure = failed(status[code]);
    expect(failure).toMatchObject({ dependency: 'ranking', category, message });
    expect((failure.cause as Error).message).toBe('10.0.0.7: no');
  });

  it('of a service that names what it holds waits for a snapshot', () => {
    expect(failed(status.UNAVAILABLE, '')).toMatchObject({ category: 'dependency-not-ready' });
    const missing = failed(status.FAILED_PRECONDITION, 'two,three');
    expect(missing).toBeInstanceOf(SnapshotMissingError);
    expect(missing).toMatchObject({ snapshotId: 'one', heldIds: ['two', 'three'] });
  });
});
