import { credentials } from '@grpc/grpc-js';
import { type RankRequest, type RankResponse, RankingServiceClient } from '@watchnext/contract';
import { fillSnapshots } from '../fill-stores';
import { askAll, isClose } from '../replay';
import { commonEnvironment, type DevApp, HOST } from './scene';

export const rankingApp: DevApp = {
  name: 'ranking',
  summary: 'on the recorded snapshot, asked what the gateway asked when it was recorded',
  defaultPort: 7003,
  neighbours: [],
  async prepare(options) {
    const { folder, recording, dataDirectory, port } = options;
    await fillSnapshots(folder, recording, dataDirectory);
    return {
      environment: { ...commonEnvironment(options), WATCHNEXT_GRPC_PORT: String(port) },
      neighbours: [],
      hints: [`gRPC ${HOST}:${port}, watchnext.ranking.v1.RankingService`],
      async replay(say) {
        const client = new RankingServiceClient(`${HOST}:${port}`, credentials.createInsecure());
        try {
          return await askAll<RankRequest, RankResponse>(
            recording.ranking,
            (request, done) => client.rank(request, done),
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

const titleOf = ({ state, context, candidates, explain }: RankRequest) =>
  `${state?.userId} ${context?.surface}: ${candidates.length} candidates${explain ? ', explained' : ''}`;

/** The best first, in expected watch seconds. */
const describe = ({ scores }: RankResponse) =>
  [...scores]
    .sort((a, b) => b.expectedWatchSeconds - a.expectedWatchSeconds)
    .slice(0, 5)
    .map(({ videoId, expectedWatchSeconds }) => `${videoId} ${expectedWatchSeconds.toFixed(1)} s`)
    .join(', ');

/** Ids and checksums of the input rows to the bit, scores within rounding. */
export function isSame(answer: RankResponse, recorded: RankResponse): boolean {
  return (
    answer.scores.length === recorded.scores.length &&
    answer.scores.every((score, index) => {
      const other = recorded.scores[index]!;
      return (
        score.videoId === other.videoId &&
        score.featuresChecksum === other.featuresChecksum &&
        isClose(score.expectedWatchSeconds, other.expectedWatchSeconds)
      );
    })
  );
}
