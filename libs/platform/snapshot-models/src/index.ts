/** Models of a snapshot as services load them: read by a thread of their own, so that requests are answered meanwhile. */
export {
  isCandidateFile,
  isRankingFile,
  type LoadedCandidate,
  loadCandidate,
  loadRanking,
  type LoadedRanking,
} from './load-models';
