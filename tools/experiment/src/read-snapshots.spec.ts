import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import { archiveOf, fileWith, START_MS } from '../test/archived-experiment';
import { renderHtml } from './render-html';
import { renderText } from './render-text';
import { hasResult, reportExperiment } from './report';

const VARIANTS = [
  { name: 'control', share: 0.5 },
  { name: 'treatment', share: 0.5, serving: { snapshotId: 'chosen' } },
];
const TEAMS = ['control', 'treatment'];

describe.each(['split', 'interleaved'])('the report of an experiment on a snapshot (%s)', (design) => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-snapshots-'));
  const [experiment] = fileWith({ design, variants: VARIANTS }).experiments;
  const isSplit = design === 'split';

  /**
   * @param others of each hundred lists of the treatment, those for which its snapshot was not loaded
   * @param current the snapshot that serves whom none is named for
   */
  const reportWith = async (others: number, current: (hundredth: number) => string = () => 'current') => {
    const events: { key: string; event: Event }[] = [];
    for (let request = 0; request < 800; request++) {
      const [userId, requestId, atMs] = [`u${request % 400}`, `r${request}`, START_MS + request * 60_000];
      const isTreated = request % 2 === 1;
      const isOther = Math.floor(request / 2) % 100 < others;
      // As the gateways did that drafted two rankings of the current snapshot.
      const drafted = TEAMS.map((team, position) =>
        impressionItemOf(`v${position}`, { impressionId: `${requestId}-${position}`, position, team }),
      );
      const items = isSplit ? [impressionItemOf('v0', { impressionId: `${requestId}-0` })] : drafted;
      const variantId = isSplit ? TEAMS[Number(isTreated)] : '';
      const fromChosen = isSplit ? 'chosen' : '';
      const served = impressionsServedOf(userId, items, {
        requestId,
        snapshotId: (isTreated || !isSplit) && !isOther ? fromChosen : current(Math.floor(request / 2) % 100),
        assignments: [{ experimentId: 'better', variantId, overridden: false }],
      });
      events.push({ key: userId, event: eventOf(served, atMs) });
      const { impressionId, videoId } = items[request % 3 === 0 ? items.length - 1 : 0];
      const watch = watchOf(userId, videoId, {
        impressionId,
        playbackId: requestId,
        positionSeconds: 20 + (request % 7),
      });
      events.push({ key: userId, event: eventOf(watch, atMs + 1_000) });
    }
    const archive = await archiveOf(join(folder, `${others} ${current(0)} ${current(99)}`), events);
    const report = await reportExperiment(archive, experiment, START_MS + 2 * DAY_MS);
    await archive.close();
    return report;
  };

  afterAll(() => rmSync(folder, { recursive: true }));

  it('says nothing of it where it served', async () => {
    const report = await reportWith(0);
    expect(report.snapshots).toEqual({ objections: [], warnings: [] });
    expect(hasResult(report)).toBe(true);
  });

  it('says what share of its lists another served', async () => {
    const report = await reportWith(3);
    expect(report.snapshots.warnings).toEqual([
      '3.0% of the lists of treatment are of another snapshot than it names, which was not loaded',
    ]);
    expect(hasResult(report)).toBe(true);
    expect(renderText(report)).toMatch(/note: 3\.0% of the lists of treatment/);
    expect(renderHtml(report)).toMatch(/<p>3\.0% of the lists of treatment/);
  });

  it('hides the result where another served much of them', async () => {
    const report = await reportWith(30);
    expect(report.snapshots.objections).toEqual([expect.stringMatching(/^30\.0% of the lists of treatment/)]);
    expect(report.preferences).toBeUndefined();
    expect(report.comparisons.every(({ verdict }) => verdict === 'hidden')).toBe(true);
    expect(hasResult(report)).toBe(false);
    expect(renderText(report)).toMatch(/NO RESULT: 30\.0% of the lists.*no result: the data are not to be trusted/s);
    expect(renderHtml(report)).toMatch(/No result: 30\.0% of the lists.*no result: the data are not to be trusted/s);
  });

  // Interleaved lists are of both rankings: the control has none of its own.
  if (!isSplit) return;
  it('tells where the control, which names none, had the same one or several', async () => {
    const several = await reportWith(0, (hundredth) => (hundredth < 50 ? 'older' : 'newer'));
    expect(several.snapshots).toEqual({
      objections: [],
      warnings: [expect.stringMatching(/^the lists of control, which names no snapshot, are of 2, .*age as well$/)],
    });
    const same = await reportWith(0, (hundredth) => (hundredth < 50 ? 'older' : 'chosen'));
    expect(same.snapshots.objections).toEqual([
      expect.stringMatching(/^50\.0% of the lists of control, .*are of that of treatment: .*let control name one too/),
    ]);
    expect(hasResult(same)).toBe(false);
  });
});
