import type { Draft } from '../pipeline/draft';

/** Whether the snapshot that the request asks for is an experiment's choice. */
export const isOfExperiment = ({ snapshotId, serving }: Pick<Draft, 'snapshotId' | 'serving'>): boolean =>
  snapshotId !== '' && snapshotId === serving.snapshotId;

/** What the answer says then; what is logged is the snapshot that served. */
export const snapshotNotLoaded = (snapshotId: string): string =>
  `snapshot ${snapshotId}, which an experiment asks for, is not loaded: the current one served`;
