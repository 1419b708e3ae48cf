import { status } from '@grpc/grpc-js';
import type { RankRequest } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import type { SnapshotHolder } from '@watchnext/snapshot-store';
import { LastQueries } from './check-snapshot';
import { createMetrics } from './metrics';
import type { RankingSnapshot } from './ranking-snapshot';
import { RankingService } from './ranking.service';

const contextOf = () => ({ requestedAtMs: 1_700_000_000_000 }) as RankRequest['context'];

/** A snapshot whose scores come when they are told to, by the id of a request's only candidate. */
function service(queueLimit: number) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ranker = {
    model: {},
    score: (_state: unknown, _context: unknown, [first]: readonly { videoId: string }[]) => {
      begun.push(first!.videoId);
      return new Promise<[]>((resolve) => ends.set(first!.videoId, () => resolve([])));
    },
  };
  const snapshot = { ranker } as unknown as RankingSnapshot;
  const holder = {
    use: (_id: string, work: (value: RankingSnapshot, id: string) => unknown) => work(snapshot, 's1'),
    servableIds: () => ['s1'],
  } as unknown as SnapshotHolder<RankingSnapshot>;
  const ranking = new RankingService(holder, createMetrics(), new LastQueries(), { atOnce: 1, queueLimit });
  const rank = (videoId: string, explain = false, signal = new AbortController().signal) => {
    const candidates = [{ videoId, video: undefined, source: '', sourceScore: 0 }];
    const request: RankRequest = {
      state: newState('ada'),
      context: contextOf(),
      candidates,
      explain,
      snapshotId: '',
      checksumCount: 0,
    };
    return ranking.rank(request, { signal });
  };
  const turn = () => new Promise(setImmediate);
  return { ranking, begun, rank, turn, end: (videoId: string) => ends.get(videoId)!() };
}

describe('requests of ranking', () => {
  it('are scored one after the other, first come, first served; explanations wait for nobody', async () => {
    const { begun, rank, turn, end, ranking } = service(9);
    const answers = [rank('first'), rank('second'), rank('third')];
    const explained = rank('explained', true);
    await turn();
    expect(begun).toEqual(['first', 'explained']);
    expect(ranking.waitingCount).toBe(2);
    end('first');
    await answers[0];
    await turn();
    expect(begun).toEqual(['first', 'explained', 'second']);
    end('second');
    await turn();
    end('third');
    end('explained');
    expect(await Promise.all([...answers, explained])).toHaveLength(4);
  });

  it('are refused where as many wait as may, and dropped where their caller leaves', async () => {
    const { begun, rank, turn, end } = service(1);
    const gone = new AbortController();
    const first = rank('first');
    const dropped = rank('dropped', false, gone.signal);
    await turn();
    await expect(rank('refused')).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    gone.abort(new Error('gone'));
    await expect(dropped).rejects.toThrow('gone');
    const last = rank('last');
    end('first');
    await first;
    await turn();
    expect(begun).toEqual(['first', 'last']);
    end('last');
    await last;
  });
});
