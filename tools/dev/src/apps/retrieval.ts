import { credentials } from '@grpc/grpc-js';
import { type RetrieveRequest, type RetrieveResponse, RetrievalServiceClient } from '@watchnext/contract';
import { fillEventLog, fillSnapshots } from '../fill-stores';
import { askAll, isClose } from '../replay';
import { commonEnvironment, type DevApp, HOST } from './scene';

export const retrievalApp: DevApp = {
  name: 'retrieval',
  summary: 'on the recorded snapshot and catalogue, asked what the gateway asked when it was recorded',
  defaultPort: 7002,
  neighbours: [],
  async prepare(options) {
    const { folder, recording, dataDirectory, port } = options;
    await fillSnapshots(folder, recording, dataDirectory);
    await fillEventLog(folder, dataDirectory, recording.about.partitionCount);
    return {
      environment: { ...commonEnvironment(options), WATCHNEXT_GRPC_PORT: String(port) },
      neighbours: [],
      hints: [`gRPC ${HOST}:${port}, watchnext.retrieval.v1.RetrievalService`],
      async replay(say) {
        const client = new RetrievalServiceClient(`${HOST}:${port}`, credentials.createInsecure());
        try {
          return await askAll<RetrieveRequest, RetrieveResponse>(
            recording.retrieval,
            (request, done) => client.retrieve(request, done),
            { titleOf, describe, isSame },
            say,
          );
        } finally {
          client.close();
        }
      },
    };
  },
};

const titleOf = ({ state, context, candidateCount }: RetrieveRequest) =>
  `${state?.userId} ${context?.surface}: ${candidateCount} candidates`;

const describe = ({ candidates }: RetrieveResponse) =>
  candidates
    .slice(0, 5)
    .map(({ videoId, score }) => `${videoId} ${score.toFixed(3)}`)
    .join(', ');

/** The same videos with scores within rounding; where two are all but equal, their order may differ. */
export function isSame(answer: RetrieveResponse, recorded: RetrieveResponse): boolean {
  const scores = new Map(recorded.candidates.map(({ videoId, score }) => [videoId, score]));
  return (
    answer.candidates.length === recorded.candidates.length &&
    answer.candidates.every(({ videoId, score }) => isClose(score, scores.get(videoId) ?? Number.NaN))
  );
}
