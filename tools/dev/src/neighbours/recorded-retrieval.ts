/** Retrieval as recorded: the candidates that this viewer got, or, for one who was not recorded, another one's. */
import { type RetrieveRequest, type RetrieveResponse, RetrievalServiceService } from '@watchnext/contract';
import type { Exchange } from '../recording';
import { type Neighbour, serveGrpc } from './neighbour';

type Recorded = readonly Exchange<RetrieveRequest, RetrieveResponse>[];

/** @throws Error for a recording without any call */
export function retrievalAnswers(exchanges: Recorded): (request: RetrieveRequest) => RetrieveResponse {
  const [first] = exchanges;
  if (first === undefined) throw new Error('the recording holds no call of retrieval: make it anew');
  return (request) => {
    const ofUser = exchanges.filter(({ request: recorded }) => recorded.state?.userId === request.state?.userId);
    const sameSurface = ofUser.find(({ request: recorded }) => recorded.context?.surface === request.context?.surface);
    const { response } = sameSurface ?? ofUser[0] ?? first;
    const excluded = new Set(request.excludeVideoIds);
    const candidates = response.candidates.filter(({ videoId }) => !excluded.has(videoId));
    return { ...response, candidates: candidates.slice(0, request.candidateCount) };
  };
}

export function serveRecordedRetrieval(exchanges: Recorded): Promise<Neighbour> {
  const answer = retrievalAnswers(exchanges);
  return serveGrpc('retrieval', RetrievalServiceService, 'retrieve', answer);
}
