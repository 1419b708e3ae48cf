import { fillEventLog, fillFeatureStore, fillSnapshots } from '../fill-stores';
import { get } from '../http';
import { type Neighbour, serveAcceptingCollector } from '../neighbours/neighbour';
import { serveRecordedRanking } from '../neighbours/recorded-ranking';
import { serveRecordedRetrieval } from '../neighbours/recorded-retrieval';
import type { HttpExchange } from '../recording';
import { commonEnvironment, type DevApp, HOST, type SceneOptions } from './scene';

/** Nothing listens there: what is left out is refused at once. */
const NOBODY = `${HOST}:1`;

export const gatewayApp: DevApp = {
  name: 'gateway',
  summary: 'with recorded answers of retrieval and ranking, on recorded states, catalogue and snapshot',
  defaultPort: 7000,
  neighbours: ['retrieval', 'ranking', 'ingestion'],
  async prepare(options) {
    const { folder, recording, dataDirectory, port } = options;
    await fillSnapshots(folder, recording, dataDirectory);
    await fillEventLog(folder, dataDirectory, recording.about.partitionCount);
    await fillFeatureStore(recording, dataDirectory);
    const neighbours = await startNeighbours(options);
    const addressOf = (name: string) => neighbours.find((neighbour) => neighbour.name === name)?.address ?? NOBODY;
    const url = `http://${HOST}:${port}`;
    return {
      environment: {
        ...commonEnvironment(options),
        WATCHNEXT_HTTP_PORT: String(port),
        WATCHNEXT_CONSOLE: 'open',
        // As when it was recorded: what is looked at here is what it answers, not how soon on a busy machine.
        WATCHNEXT_DEADLINE_MS: process.env['WATCHNEXT_DEADLINE_MS'] ?? '20000',
        WATCHNEXT_RETRIEVAL_ADDRESS: addressOf('retrieval'),
        WATCHNEXT_RANKING_ADDRESS: addressOf('ranking'),
        WATCHNEXT_INGESTION_URL: `http://${addressOf('ingestion')}`,
      },
      neighbours,
      hints: [`${url}/`, `curl -s '${url}/v1/users/${recording.about.viewerIds[0]}/recommendations?limit=5'`],
      async replay(say) {
        let sameCount = 0;
        for (const recorded of recording.gateway) {
          const answer = await get(url, recorded.path);
          const same = isSame(answer, recorded);
          if (same) sameCount++;
          say(`${recorded.path}\n  ${describe(answer)}`);
          if (!same) say(`  recorded: ${describe(recorded)}`);
        }
        return { askedCount: recording.gateway.length, sameCount };
      },
    };
  },
};

async function startNeighbours({ recording, without }: SceneOptions): Promise<Neighbour[]> {
  const starts = {
    retrieval: () => serveRecordedRetrieval(recording.retrieval),
    ranking: () => serveRecordedRanking(recording.ranking),
    ingestion: serveAcceptingCollector,
  };
  return Promise.all(Object.entries(starts).flatMap(([name, start]) => (without.has(name) ? [] : [start()])));
}

interface List {
  readonly rung?: string;
  readonly items?: readonly { readonly videoId: string; readonly score?: number }[];
}

const describe = ({ status, answer }: HttpExchange) => {
  const { rung, items } = answer as List;
  const list = items?.map(({ videoId, score }) => `${videoId}${score === undefined ? '' : ` ${score.toFixed(1)} s`}`);
  return [String(status), rung, list?.join(', ')].filter(Boolean).join(' ');
};

/** Lists depend on the time of day and on chance: what must be the same is the status, the rung and how many there are. */
export function isSame(a: HttpExchange, b: HttpExchange): boolean {
  const [list, recorded] = [a.answer, b.answer] as [List, List];
  return a.status === b.status && list.rung === recorded.rung && list.items?.length === recorded.items?.length;
}
