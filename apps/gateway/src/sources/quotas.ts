/** How many proposals of each source that pass the filters become candidates. */
import { MAX_CANDIDATES } from '@watchnext/contract';
import type { Draft, Source } from '../pipeline/draft';

export type BlendQuotas = Readonly<Record<Source, number>>;

/** Beside retrieval's candidates: enough of the rest for the ranker to choose from, few enough to cost little. */
const QUOTAS_BESIDE_RETRIEVAL: BlendQuotas = { retrieval: MAX_CANDIDATES, trending: 20, popular: 50, fresh: 20 };
/** Where retrieval brought nothing, the other sources carry the list and its further pages. */
const QUOTAS_ALONE: BlendQuotas = { retrieval: 0, trending: 150, popular: 200, fresh: 150 };

export const quotasFor = ({ retrieved, serving }: Pick<Draft, 'retrieved' | 'serving'>): BlendQuotas =>
  retrieved.length > 0 ? { ...QUOTAS_BESIDE_RETRIEVAL, ...serving.blendQuotas } : QUOTAS_ALONE;
