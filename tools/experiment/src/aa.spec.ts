import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgressTask } from '@watchnext/command-line';
import type { EventArchive } from '@watchnext/event-archive';
import { metricResult, Moments, productIndex, USER_NUMBERS, type UserNumber } from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { renderHtmlDocument } from '@watchnext/plots';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import { archiveOf, fileWith, START_MS } from '../test/archived-experiment';
import { type AaOptions, checkAa, NothingToCheckError } from './aa';
import { aaDocument, aaText } from './aa-document';
import { InterleavedError } from './treatments';

const DAYS = 4;
const OPTIONS: AaOptions = { days: DAYS, untilMs: START_MS + DAYS * DAY_MS, replicates: 500, seed: 1 };

/** Every viewer asks for some lists of ten; some click on nearly everything, and most on hardly anything. */
async function archiveViewers(folder: string, users: number, strayAtMs?: number): Promise<EventArchive> {
  const random = createRandom(11);
  const bodies = Array.from({ length: users }, (_, n) => `viewer-${n}`).flatMap((userId) => {
    const clickRate = random.next() < 0.3 ? 0.6 : 0.05;
    return Array.from({ length: DAYS }, (_day, day) => day)
      .filter((day) => day === 0 || random.next() < 0.5)
      .flatMap((day) => {
        const requestId = `${userId} ${day}`;
        const items = Array.from({ length: 10 }, (_item, position) =>
          impressionItemOf(`video-${position}`, { impressionId: `${requestId}-${position}`, position }),
        );
        const atMs = START_MS + day * DAY_MS + random.nextInt(DAY_MS / 2);
        const served = eventOf(impressionsServedOf(userId, items, { requestId, latencyMs: 25 }), atMs);
        const watches = items.flatMap(({ videoId, impressionId }) =>
          random.next() < clickRate
            ? [
                eventOf(
                  watchOf(userId, videoId, {
                    playbackId: impressionId,
                    impressionId,
                    positionSeconds: random.nextInt(90),
                  }),
                  atMs + 1_000,
                ),
              ]
            : [],
        );
        return [served, ...watches].map((event) => ({ key: userId, event }));
      });
  });
  const strays =
    strayAtMs === undefined ? [] : [{ key: 'viewer-0', event: eventOf(watchOf('viewer-0', 'video-0'), strayAtMs) }];
  return archiveOf(folder, [...bodies, ...strays]);
}

/** As if each impression were a unit of its own, and clicks of one viewer had nothing to do with each other: the variance p(1 − p)/n. */
function ofIndependentImpressions(users: Moments): Moments {
  const units = new Moments();
  const [impressions, clicks] = [users.sum('impressions'), users.sum('attributedWatches')];
  const at = (name: UserNumber) => USER_NUMBERS.indexOf(name);
  units.userCount = impressions;
  units.sums[at('impressions')] = impressions;
  units.sums[at('attributedWatches')] = clicks;
  units.products[productIndex(at('impressions'), at('impressions'))] = impressions;
  units.products[productIndex(at('impressions'), at('attributedWatches'))] = clicks;
  units.products[productIndex(at('attributedWatches'), at('attributedWatches'))] = clicks;
  return units;
}

describe('A/A tests of an archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-aa-'));
  const quiet: ProgressTask = {
    update: () => undefined,
    note: () => undefined,
    finish: () => undefined,
    abandon: () => undefined,
  };
  const start = () => quiet;
  let archive: EventArchive;

  beforeAll(async () => {
    archive = await archiveViewers(join(folder, 'viewers'), 300);
  });
  afterAll(async () => {
    await archive.close();
    rmSync(folder, { recursive: true });
  });

  it('find as many differences as promised, and call the analysis sound', async () => {
    const report = await checkAa(archive, OPTIONS, start);
    expect(report).toMatchObject({
      users: 300,
      isSound: true,
      constant: ['dismissalsPerImpression', 'latencyMs', 'degradedShare'],
    });
    expect(report.metrics.map(({ metric }) => metric)).toEqual([
      'watchSecondsPerUser',
      'watchSecondsPerImpression',
      'watchesPerUser',
      'clicksPerImpression',
      'listsPerUser',
    ]);
    for (const { oneLook, everyLook, evenP, judged } of report.metrics) {
      expect(judged).toBe(500);
      expect(oneLook!.rate).toBeGreaterThanOrEqual(oneLook!.range.low);
      expect(oneLook!.rate).toBeLessThanOrEqual(oneLook!.range.high);
      expect(oneLook!.count).toBeGreaterThan(0);
      expect(everyLook.kept).toBe(true);
      expect(evenP).toBeGreaterThan(0.001);
    }
    const text = aaText(report);
    expect(text).toMatch(/clicks per impression {2,}\d\.\d% \(\d+ of 500\) .* sound\n/);
    expect(text).toMatch(/Not checked, as they are the same for all users: .*latency of a list/);
    expect(text).toMatch(/\n\nsound: what is served alike/);
    const html = renderHtmlDocument(aaDocument(report));
    expect(html.match(/<svg/g)).toHaveLength(5);
    expect(html).not.toMatch(/NaN|undefined|<script/);
  });

  it('catch an analysis that takes the impressions of a viewer for independent', async () => {
    const naive: typeof metricResult = (name, looks, ...more) =>
      metricResult(
        name,
        looks.map(({ control, treatment }) => ({
          control: ofIndependentImpressions(control),
          treatment: ofIndependentImpressions(treatment),
        })),
        ...more,
      );
    const report = await checkAa(archive, { ...OPTIONS, metrics: ['clicksPerImpression'] }, start, naive);
    expect(report.isSound).toBe(false);
    const [{ objections, oneLook }] = report.metrics;
    expect(objections).toEqual(
      expect.arrayContaining(['too many differences at one look', 'p-values are unevenly spread']),
    );
    expect(oneLook!.rate).toBeGreaterThan(0.15);
    expect(aaText(report)).toMatch(/\n\nNOT SOUND: /);
  });

  it('are the same for the same seed, and others for another', async () => {
    const ask = (seed: number) =>
      checkAa(archive, { ...OPTIONS, seed, replicates: 100, metrics: ['listsPerUser'] }, start);
    const [first, again, other] = [await ask(3), await ask(3), await ask(4)];
    expect(again).toEqual(first);
    expect(other.metrics[0].histogram).not.toEqual(first.metrics[0].histogram);
  });

  it('split as an experiment will: its part of the layer, its shares, its audience and its alpha', async () => {
    const variants = [
      { name: 'control', share: 0.4 },
      { name: 'small', share: 0.2 },
      { name: 'large', share: 0.4 },
    ];
    const [experiment] = fileWith({ variants, alpha: 0.1, testers: { 'viewer-1': 'small' } }).experiments;
    const report = await checkAa(archive, { ...OPTIONS, experiment }, start);
    // Two treatments share alpha.
    expect(report).toMatchObject({ control: 'control', treatment: 'small', settings: { alpha: 0.05 }, isSound: true });
    const untold = fileWith({ audience: { countries: ['XX'] } }).experiments[0];
    await expect(checkAa(archive, { ...OPTIONS, experiment: untold }, start)).rejects.toThrow(
      'no users of the audience were served from 2026-11-01',
    );
    const part = fileWith({ layerPart: [0, 0.1] }).experiments[0];
    await expect(checkAa(archive, { ...OPTIONS, experiment: part }, start)).rejects.toThrow(
      '300 users were served from 2026-11-01 to 2026-11-05T00:00:00.000Z, and a split takes 600, as each variant needs 30',
    );
    const [interleaved] = fileWith({ design: 'interleaved' }).experiments;
    await expect(checkAa(archive, { ...OPTIONS, experiment: interleaved }, start)).rejects.toThrow(InterleavedError);
  });

  it('say which option to change where there is nothing to check', async () => {
    const refused = (more: Partial<AaOptions>) => expect(checkAa(archive, { ...OPTIONS, ...more }, start)).rejects;
    await refused({ untilMs: START_MS - 20 * DAY_MS }).toThrow(
      'no users were served from 2026-10-08 to 2026-10-12T00:00:00.000Z, and a split takes 60, as each variant needs 30: ' +
        'choose another window with --days and --until; the archive has events from 2026-11-01 to 2026-11-04',
    );
    const strayed = await archiveViewers(join(folder, 'strayed'), 40, START_MS + 900 * DAY_MS);
    try {
      await expect(checkAa(strayed, { ...OPTIONS, untilMs: START_MS - 20 * DAY_MS }, start)).rejects.toThrow(
        'the archive has events from 2026-11-01 to 2026-11-04',
      );
    } finally {
      await strayed.close();
    }
    await refused({ metrics: ['listsPerUser', 'latencyMs'] }).toThrow(
      /^latencyMs: the same for all 300 users from 2026-11-01 .* leave it out of --metrics, or choose a window/,
    );
    const one = await archiveViewers(join(folder, 'one'), 1);
    await expect(checkAa(one, OPTIONS, start)).rejects.toThrow(/^1 user was served from .* --days and --until/);
    await expect(checkAa(one, OPTIONS, start)).rejects.toThrow(NothingToCheckError);
    await one.close();
  });

  it('judge nothing by a handful of clicks', async () => {
    const bodies = Array.from({ length: 100 }, (_, n) => {
      const served = impressionsServedOf(`u${n}`, [impressionItemOf('v', { impressionId: `r${n}-0` })], {
        requestId: `r${n}`,
      });
      const watched = watchOf(`u${n}`, 'v', { playbackId: `p${n}`, impressionId: `r${n}-0`, positionSeconds: 60 });
      return [served, ...(n < 3 ? [watched] : [])].map((body) => ({
        key: `u${n}`,
        event: eventOf(body, START_MS + 1_000),
      }));
    }).flat();
    const rare = await archiveOf(join(folder, 'rare'), bodies);
    await expect(checkAa(rare, { ...OPTIONS, metrics: ['clicksPerImpression'] }, start)).rejects.toThrow(
      /^clicksPerImpression \(judged in 0 of 500 splits\): too few users or events .* take more days with --days/,
    );
    await rare.close();
  });
});
