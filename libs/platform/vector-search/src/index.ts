/** Threads that build and search indexes. */
export { BuildThreads } from './build-threads';
export {
  type NearestOptions,
  type NearestQuery,
  OpenIndex,
  type OpenIndexOptions,
  SearchOverloadedError,
  SearchThreads,
  type SearchThreadsOptions,
} from './search-threads';
export type { Restrictions } from './video-attributes';
