import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import { archiveOf, fileWith, START_MS } from '../test/archived-experiment';
import { renderHtml } from './render-html';
import { renderText } from './render-text';
import { hasResult, reportExperiment } from './report';

describe('the report of an interleaved experiment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-interleaved-'));
  const [experiment] = fileWith({ design: 'interleaved' }).experiments;
  let archive: EventArchive;

  beforeAll(async () => {
    const random = createRandom(41);
    const events: { key: string; event: Event }[] = [];
    for (let request = 0; request < 800; request++) {
      const userId = request % 200 === 199 ? 'tess' : `u${request % 200}`;
      const atMs = START_MS + request * 60_000;
      const items = ['control', 'treatment'].map((team, position) =>
        impressionItemOf(`v${position}`, { impressionId: `r${request}-${position}`, position, team }),
      );
      const overridden = userId === 'tess';
      const assignments = [{ experimentId: 'better', variantId: overridden ? 'treatment' : '', overridden }];
      const served = impressionsServedOf(userId, items, { requestId: `r${request}`, assignments });
      events.push({ key: userId, event: eventOf(served, atMs) });
      for (const { impressionId, videoId, team } of items) {
        // The control is clicked more, the treatment watched for longer.
        if (random.next() > (team === 'control' ? 0.6 : 0.4)) continue;
        const positionSeconds = (team === 'control' ? 10 : 40) * (0.5 + random.next());
        const watch = watchOf(userId, videoId, { impressionId, playbackId: `p${impressionId}`, positionSeconds });
        events.push({ key: userId, event: eventOf(watch, atMs + 1_000) });
      }
    }
    // A program asks for far more lists than people do, and clicks the control alone.
    for (let request = 0; request < 2_000; request++) {
      const atMs = START_MS + request * 1_000;
      const impressionId = `bot${request}-0`;
      const items = [impressionItemOf('v0', { impressionId, position: 0, team: 'control' })];
      const assignments = [{ experimentId: 'better', variantId: '', overridden: false }];
      const served = impressionsServedOf('bot', items, { requestId: `bot${request}`, assignments });
      const watch = watchOf('bot', 'v0', { impressionId, playbackId: `p${impressionId}`, positionSeconds: 1 });
      events.push({ key: 'bot', event: eventOf(served, atMs) }, { key: 'bot', event: eventOf(watch, atMs + 500) });
    }
    archive = await archiveOf(folder, events);
  });

  afterAll(async () => {
    await archive.close();
    rmSync(folder, { recursive: true });
  });

  it('says what viewers prefer by clicks and by watch seconds, without the tester and the program', async () => {
    const report = await reportExperiment(archive, experiment, START_MS + 2 * DAY_MS);
    const { watchSeconds, clicks } = report.preferences!;
    // 0.4 · 40 against 0.6 · 10 seconds, and 0.4 against 0.6 clicks.
    expect(watchSeconds.preference).toBeCloseTo((16 - 6) / (16 + 6), 1);
    expect(clicks.preference).toBeCloseTo(-0.2, 1);
    expect(watchSeconds.alwaysValidInterval.low).toBeGreaterThan(0);
    expect(clicks.alwaysValidInterval.high).toBeLessThan(0);
    expect(watchSeconds.userCount).toBeLessThanOrEqual(199);
    expect(report).toMatchObject({ overriddenUsers: 1, comparisons: [], quality: undefined });
    expect(hasResult(report)).toBe(true);
    expect(renderText(report)).toMatch(/Preference for treatment over control/);
    expect(renderHtml(report)).toMatch(/Preference for treatment over control/);
  });

  it('has no result while too few have watched', async () => {
    const report = await reportExperiment(archive, experiment, START_MS + 120_000);
    expect(hasResult(report)).toBe(false);
    expect(renderText(report)).toMatch(/no result yet: too few users/);
    expect(renderHtml(report)).toMatch(/no result yet: too few users/);
  });
});
