export { AnnIndex, loadIndex } from './ann-index';
export { buildIndex, measureRecall, type BuildIndexOptions } from './build-index';
export { exactSearch, innerProduct, recallAtK, type SearchResult } from './exact-search';
export { SPACES, type Space } from './space';
