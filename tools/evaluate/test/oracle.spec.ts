/** The truth of a simulated world beside all that is trained or counted on its log: nothing orders its impressions better. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RankingExample } from '@watchnext/features';
import { referenceRankingEngine } from '@watchnext/ranking-model';
import { impressionScores, World } from '@watchnext/simulator';
import { replayFolder } from '../src/data/archive';
import { evaluateRanking } from '../src/ranking/evaluate';
import type { PeerScores } from '../src/ranking/peer-scores';
import { rankingVariants } from '../src/ranking/variants';
import { silent } from './ranking-world';
import { PARTITION_COUNT, TINY_WORLD, writeArchive } from './tiny-archive';

jest.setTimeout(240_000); // for machines under load; it takes ten seconds

const options = { ...TINY_WORLD, viewerCount: 200, videoCount: 120 };
/** As the file of `simulate scores` has them. */
function scoresOf(impressions: readonly RankingExample[]): PeerScores {
  const scored = new Map([...impressionScores(new World(options))].flat().map((one) => [one.impressionId, one]));
  const found = impressions.map(({ impressionId }) => scored.get(impressionId)!);
  return {
    byColumn: new Map([
      ['score', Float64Array.from(found, ({ expectedSeconds }) => expectedSeconds)],
      ['odds', Float64Array.from(found, ({ odds }) => odds)],
      ['least_loss', Float64Array.from(found, ({ leastLossOdds }) => leastLossOdds)],
    ]),
    matchedCount: found.length,
    unmatchedRowCount: scored.size - found.length,
  };
}

it('the oracle loses less than every other scorer, in each of its orders', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watchnext-oracle-'));
  const { signal } = new AbortController();
  try {
    const archive = await writeArchive(folder, options);
    const replayed = await replayFolder(archive, { partitionCount: PARTITION_COUNT, signal });
    const report = await evaluateRanking(replayed, {
      source: 'world',
      testDays: 2,
      part: 'test',
      variants: rankingVariants([], ['hiddenSizes=[4]', 'epochs=2', 'members=1']),
      seeds: [1],
      createEngine: referenceRankingEngine,
      peerName: 'oracle',
      readPeer: async (impressions) => scoresOf(impressions),
      signal,
      progress: silent,
    });
    expect(report.counts.peerMatched).toBe(report.counts.impressions);
    const lossOf = (orders: string) =>
      report.scorers.find(({ kind, orders: its }) => kind === 'peer' && its === orders)!.weightedPerUserLoss.value;
    const oracle = ['its score', 'its odds', 'its least_loss'].map(lossOf);
    const others = report.scorers.filter(({ kind }) => kind !== 'peer');
    expect(others.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['baseline', 'model']));
    expect(Math.max(...oracle)).toBeLessThan(Math.min(...others.map((one) => one.weightedPerUserLoss.value)));
    for (const { times, gain, interval95 } of report.peerComparisons!) {
      expect(times.interval95[0]).toBeGreaterThan(1);
      expect(gain).toBeGreaterThan(0);
      expect(interval95[0]).toBeGreaterThan(0);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
