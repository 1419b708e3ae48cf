import { newState } from '@watchnext/features';
import { SearchOverloadedError } from '@watchnext/vector-search';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { retrieve, type RetrieveQuery } from './retrieve';

const query = {
  state: newState('ada'),
  context: { requestedAtMs: 1_700_000_000_000, surface: '', country: '', device: '', loggedIn: false, seedVideoId: '' },
  candidateCount: 10,
  excludeVideoIds: [],
  restrictions: { blockedChannels: [], forbiddenRules: new Uint8Array(0), countryRules: [], ageRules: [] },
} as unknown as RetrieveQuery;

/** A snapshot of no videos, whose index has room for so many searches, and whose tower answers when it is told to. */
function snapshotWith(room: number) {
  let [coming, towerRuns, searches] = [0, 0, 0];
  const towers: ((error?: Error) => void)[] = [];
  const snapshot = {
    model: { inputSize: 1, writeInput: () => undefined, userVectorFrom: (row: Float32Array) => row },
    tower: {
      run: () => {
        towerRuns++;
        return new Promise((resolve, reject) =>
          towers.push((error) => (error ? reject(error) : resolve(new Float32Array(1)))),
        );
      },
    },
    index: {
      reserve: () => {
        if (coming >= room) throw new SearchOverloadedError(coming);
        coming++;
        return () => void coming--;
      },
      nearest: async () => {
        searches++;
        return { labels: [], scores: [], method: 'exact' };
      },
    },
    videos: { labelOf: () => undefined, withdrawnCount: 0 },
  } as unknown as RetrievalSnapshot;
  return { snapshot, towers, counts: () => ({ coming, towerRuns, searches }) };
}

describe('a retrieval', () => {
  const signal = new AbortController().signal;

  it('that there is no room for is refused before the tower runs, be they as many at once', async () => {
    const { snapshot, towers, counts } = snapshotWith(2);
    const answers = Array.from({ length: 5 }, () => retrieve(snapshot, query, signal));
    await Promise.allSettled(answers.slice(2));
    await expect(answers[2]).rejects.toBeInstanceOf(SearchOverloadedError);
    expect(counts()).toEqual({ coming: 2, towerRuns: 2, searches: 0 });
    for (const end of towers) end();
    expect(await Promise.all(answers.slice(0, 2))).toHaveLength(2);
    expect(counts()).toEqual({ coming: 0, towerRuns: 2, searches: 2 });
  });

  it('gives back the room that it did not use', async () => {
    const { snapshot, towers, counts } = snapshotWith(1);
    const failed = retrieve(snapshot, query, signal);
    towers[0]!(new Error('the tower broke'));
    await expect(failed).rejects.toThrow('the tower broke');
    const gone = new AbortController();
    const left = retrieve(snapshot, query, gone.signal);
    gone.abort(new Error('gone'));
    towers[1]!();
    await expect(left).rejects.toThrow('gone');
    expect(counts()).toEqual({ coming: 0, towerRuns: 2, searches: 0 });
  });
});
