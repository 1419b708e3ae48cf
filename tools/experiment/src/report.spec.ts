import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImpressionsServed } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import {
  alwaysValidPower,
  Assigner,
  Moments,
  testSettings,
  USER_NUMBERS,
  type UserNumbers,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import {
  archiveExperiment,
  archiveOf,
  fileWith,
  type Outcome,
  START_MS,
  type WorldOptions,
} from '../test/archived-experiment';
import { createExposureTables } from './exposure-tables';
import { planExperiment, planFrom } from './plan';
import { readCohortMoments, readDailyMoments } from './read-moments';
import { renderHtml } from './render-html';
import { renderJson } from './render-json';
import { renderText } from './render-text';
import { hasResult, NotStartedError, reportExperiment } from './report';
import { InterleavedError } from './treatments';
import { readUserDays } from './user-days';

const folder = mkdtempSync(join(tmpdir(), 'watchnext-report-'));
const opened: EventArchive[] = [];
const make = async (options: WorldOptions, overrides: Record<string, unknown> = {}) => {
  const file = fileWith(overrides);
  const made = await archiveExperiment(join(folder, String(opened.length)), file, options);
  opened.push(made.archive);
  return { ...made, experiment: file.experiments[0] };
};
const CONTEXT = {
  requestedAtMs: START_MS,
  surface: 'home',
  country: 'SE',
  device: 'tv',
  loggedIn: true,
  seedVideoId: '',
};
const NOW_MS = START_MS + 5 * DAY_MS;

afterAll(async () => {
  await Promise.all(opened.map((archive) => archive.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** Moments after each day, added up user by user. */
function momentsByHand(outcomes: Map<string, Outcome>, variant: string, days: number): Moments[] {
  return Array.from({ length: days }, (_, last) => {
    const moments = new Moments();
    for (const [userId, outcome] of outcomes) {
      if (outcome.variant !== variant || userId === 'tess') continue;
      const total = Object.fromEntries(USER_NUMBERS.map((name) => [name, 0])) as Record<
        (typeof USER_NUMBERS)[number],
        number
      >;
      for (const [day, own] of outcome.days) if (day <= last) for (const name of USER_NUMBERS) total[name] += own[name];
      moments.add({ ...total, covariate: outcome.covariate });
    }
    return moments;
  });
}

/** A list of one video of the control's, without time or place. */
const LIST_OF_UNA = impressionsServedOf('una', [impressionItemOf('v0', { impressionId: 'list-0' })], {
  requestId: 'list',
  assignments: [{ experimentId: 'better', variantId: 'control', overridden: false }],
});

describe('the report', () => {
  it('sums up the archive exactly as adding user by user does, on every day', async () => {
    const { archive, outcomes, experiment } = await make({ users: 120, days: 5, lift: 0.3 });
    const [daily, cohorts] = await archive.analyse('watchnext.activity.v1', {}, async (table) => {
      await createExposureTables(table, { experiment, startMs: START_MS, endMs: NOW_MS, covariateDays: 7 });
      return [await readDailyMoments(table, 2, 5), await readCohortMoments(table, 2)] as const;
    });
    ['control', 'treatment'].forEach((variant, index) => {
      momentsByHand(outcomes, variant, 5).forEach((expected, day) => {
        expect(daily[index][day].userCount).toBe(expected.userCount);
        expect([...daily[index][day].sums]).toEqual([...expected.sums]);
        daily[index][day].products.forEach((product, p) => expect(product).toBeCloseTo(expected.products[p], 3));
      });
      for (const dimension of ['country', 'device', 'past']) {
        const all = cohorts.filter((cohort) => cohort.dimension === dimension);
        const total = all.reduce((sum, { byVariant }) => sum.addAll(byVariant[index]), new Moments());
        expect([...total.sums]).toEqual([...daily[index][4].sums]);
        total.products.forEach((product, p) => expect(product).toBeCloseTo(daily[index][4].products[p], 3));
      }
    });
  });

  it("divides by the experiment's impressions only what came of them", async () => {
    const surface = (name: string) => ({ ...CONTEXT, surface: name });
    const served = (requestId: string, count: number, overrides: Partial<ImpressionsServed>) =>
      impressionsServedOf(
        'una',
        Array.from({ length: count }, (_, position) =>
          impressionItemOf(`v${position}`, { impressionId: `${requestId}-${position}`, position }),
        ),
        { requestId, ...overrides },
      );
    const watched = (impressionId: string) =>
      watchOf('una', `v${impressionId.split('-').at(-1)}`, {
        playbackId: `of ${impressionId}`,
        impressionId,
        positionSeconds: 20,
      });
    const dismissed = (impressionId: string) =>
      ({ $case: 'dismissal', value: { userId: 'una', videoId: 'v', impressionId } }) as const;
    const places = (requestId: string, count: number) =>
      Array.from({ length: count }, (_, position) => `${requestId}-${position}`);
    const assignments = [{ experimentId: 'better', variantId: 'control', overridden: false }];
    const archive = await archiveOf(
      join(folder, 'one user'),
      [
        served('at-home', 50, { context: surface('home'), assignments }),
        served('up-next', 12, { context: surface('up-next') }),
        ...places('at-home', 5).map(watched),
        ...places('up-next', 10).map(watched),
        watched(''),
        ...places('at-home', 2).map(dismissed),
        ...places('up-next', 3).map(dismissed),
        dismissed(''),
      ].map((body, second) => ({ key: 'una', event: eventOf(body, START_MS + 1_000 * second) })),
    );
    opened.push(archive);
    const [experiment] = fileWith({ audience: { surfaces: ['home'] } }).experiments;
    const [{ numbers }, ...more] = await readUserDays(archive, {
      experiment,
      startMs: START_MS,
      endMs: NOW_MS,
      covariateDays: 7,
    });
    expect(more).toEqual([]);
    expect(numbers).toMatchObject({
      impressions: 50,
      attributedWatches: 5,
      attributedWatchSeconds: 100,
      dismissals: 2,
      watches: 16,
      watchSeconds: 320,
    });
  });

  it('counts each video of a session under one playback id, and attributes none but what was shown', async () => {
    // The player goes on from video to video, and keeps both ids.
    const session = { playbackId: 'session', impressionId: 'list-0', positionSeconds: 100 };
    const watched = ['v0', 'v1', 'v2', 'v3', 'v4'].map((videoId) => watchOf('una', videoId, session));
    const archive = await archiveOf(
      join(folder, 'one session'),
      [LIST_OF_UNA, ...watched].map((body, minute) => ({
        key: 'una',
        event: eventOf(body, START_MS + 60_000 * minute),
      })),
    );
    opened.push(archive);
    const [experiment] = fileWith().experiments;
    const exposure = { experiment, startMs: START_MS, endMs: NOW_MS, covariateDays: 7 };
    const days = await readUserDays(archive, exposure);
    const inAll = { watches: 5, watchSeconds: 500 };
    expect(days.map(({ numbers }) => numbers)).toEqual([
      expect.objectContaining({ ...inAll, attributedWatches: 1, attributedWatchSeconds: 100 }),
    ]);
    // Who looks at neither of the two does not wait for the lists to be decoded.
    const [{ numbers }] = await readUserDays(archive, { ...exposure, isAttributed: false });
    expect(numbers).toMatchObject({ ...inAll, attributedWatches: 5 });
  });

  it('counts a playback begun before its time up to where it was a day later, and none that begins later', async () => {
    const atMs = START_MS + DAY_MS;
    const watched = (playbackId: string, positionSeconds: number, watchedAtMs: number) => ({
      body: watchOf('una', 'v0', { playbackId, impressionId: 'list-0', positionSeconds }),
      atMs: watchedAtMs,
    });
    const archive = await archiveOf(
      join(folder, 'as of a day'),
      [
        { body: LIST_OF_UNA, atMs: atMs - 120_000 },
        watched('begun', 10, atMs - 60_000),
        watched('begun', 50, atMs + DAY_MS - 60_000),
        watched('begun', 90, atMs + DAY_MS + 60_000),
        watched('later', 30, atMs + 60_000),
      ].map(({ body, atMs: happenedAtMs }) => ({ key: 'una', event: eventOf(body, happenedAtMs) })),
    );
    opened.push(archive);
    const [experiment] = fileWith().experiments;
    const days = await readUserDays(archive, { experiment, startMs: START_MS, endMs: atMs, covariateDays: 0 });
    expect(days.map(({ numbers }) => numbers)).toEqual([expect.objectContaining({ watches: 1, watchSeconds: 50 })]);
  });

  it('counts what a list led to on a device whose clock is behind, and never as of before the experiment', async () => {
    const watched = (impressionId: string, positionSeconds: number) =>
      watchOf('una', 'v0', { playbackId: `of ${impressionId}`, impressionId, positionSeconds });
    const dismissed = { $case: 'dismissal', value: { userId: 'una', videoId: 'v0', impressionId: 'list-0' } } as const;
    const servedAtMs = START_MS + 60_000;
    const archive = await archiveOf(
      join(folder, 'slow clock'),
      [
        { body: LIST_OF_UNA, atMs: servedAtMs },
        { body: watched('list-0', 30), atMs: servedAtMs - 600_000 },
        { body: dismissed, atMs: servedAtMs - 500_000 },
        { body: watched('', 40), atMs: servedAtMs - 600_000 },
      ].map(({ body, atMs }) => ({ key: 'una', event: eventOf(body, atMs) })),
    );
    opened.push(archive);
    const [experiment] = fileWith().experiments;
    for (const covariateDays of [7, 0]) {
      const days = await readUserDays(archive, { experiment, startMs: START_MS, endMs: NOW_MS, covariateDays });
      expect(days).toEqual([
        {
          userId: 'una',
          day: 0,
          numbers: expect.objectContaining({
            watches: 1,
            watchSeconds: 30,
            attributedWatches: 1,
            dismissals: 1,
            covariate: covariateDays > 0 ? 40 : 0,
          }),
        },
      ]);
    }
  });

  it('finds a planted lift, leaves the tester out, and reads the same as text, JSON and a page', async () => {
    const { archive, experiment } = await make({ users: 600, days: 5, lift: 0.5 });
    const report = await reportExperiment(archive, experiment, NOW_MS);
    const [{ verdict, metrics, cohorts, coverage }] = report.comparisons;
    expect(report.quality).toMatchObject({ objections: [] });
    expect(report.overriddenUsers).toBe(1);
    expect(verdict).toBe('ship');
    expect(hasResult(report)).toBe(true);
    const primary = metrics[0].looks.at(-1)!;
    expect(metrics[0].looks).toHaveLength(5);
    expect(primary.alwaysValidInterval.low).toBeGreaterThan(0);
    expect(primary.alwaysValidInterval.high).toBeGreaterThan(0.5);
    expect(primary.varianceReduction).toBeGreaterThan(0.2);
    expect(cohorts.map(({ dimension, cohort }) => `${dimension} ${cohort}`)).toEqual(
      expect.arrayContaining(['country SE', 'device phone', 'device tv', 'past watched before']),
    );
    expect(coverage!.interval.low).toBeLessThan(0);
    expect(coverage!.interval.high).toBeGreaterThan(0);
    const text = renderText(report);
    expect(text).toMatch(/Sample ratio: holds/);
    expect(text).toMatch(/treatment against control: ship/);
    // Which cohorts there are is not fixed beforehand, so their intervals promise no more than one look.
    const together = `intervals hold for all ${cohorts.length}`;
    expect(text).toContain(`${together} at once (Bonferroni), at one look, p after Holm`);
    const html = renderHtml(report);
    expect(html).toContain(`${together} cohorts at once (Bonferroni), at one look`);
    expect(html).toMatch(/<svg [^>]*aria-label="watch seconds per user \(primary\): lift by day"/);
    expect(html).not.toMatch(/https?:|<script|NaN|undefined/);
    const columns = [...html.matchAll(/<th scope="col">([^<]*)/g)].map(([, column]) => column);
    expect(columns).toEqual(expect.arrayContaining(['at every look', 'at one look', 'CUPED', 'judgement']));
    for (const column of columns.slice(columns.indexOf('metric')))
      expect([column, text]).toEqual([column, expect.stringContaining(column)]);
    expect(html).toMatch(/chance of 0\.05 at most[^]*near \+20\.0%/);
    const json = JSON.parse(renderJson(report));
    expect(json.comparisons[0].metrics[0].looks[4].lift).toBeCloseTo(primary.lift, 12);
  });

  it('hides the result where a variant loses users, and says where', async () => {
    const { archive, experiment } = await make({ users: 1_500, days: 2, lift: 0.5, lostOnTv: 0.7 });
    const report = await reportExperiment(archive, experiment, NOW_MS);
    expect(report.comparisons).toEqual([expect.objectContaining({ verdict: 'hidden', metrics: [], cohorts: [] })]);
    expect(hasResult(report)).toBe(false);
    expect(report.quality!.objections[0]).toMatch(/sample-ratio mismatch .* It shows most in device tv/);
    expect(renderText(report)).toMatch(/NO RESULT: sample-ratio mismatch/);
    expect(renderHtml(report)).toMatch(/Where users are missing/);
  });

  it('says how many of its users are one person before and after a login, and in two variants', async () => {
    const file = fileWith();
    const [experiment] = file.experiments;
    const assigner = new Assigner(file);
    const variantOf = (userId: string) => assigner.within(experiment, userId)!.variant.name;
    const servedTo = (userId: string) =>
      impressionsServedOf(userId, [impressionItemOf('v', { impressionId: `${userId}-0` })], {
        requestId: userId,
        assignments: [{ experimentId: 'better', variantId: variantOf(userId), overridden: false }],
      });
    const people = Array.from({ length: 60 }, (_, n) => ({ anonymousUserId: `anon${n}`, userId: `acct${n}` }));
    const bodies = people.flatMap(({ anonymousUserId, userId }) => {
      const merged = { $case: 'userMerged', value: { userId, anonymousUserId, history: undefined } } as const;
      // Producers that retry deliver twice.
      return [servedTo(anonymousUserId), merged, merged, servedTo(userId)];
    });
    const archive = await archiveOf(
      join(folder, 'logins'),
      bodies.map((body, second) => ({ key: 'u', event: eventOf(body, START_MS + 1_000 * second) })),
    );
    opened.push(archive);
    const { quality } = await reportExperiment(archive, experiment, NOW_MS);
    const crossed = people.filter(({ userId, anonymousUserId }) => variantOf(userId) !== variantOf(anonymousUserId));
    expect(crossed.length).toBeGreaterThan(20);
    expect(quality!.warnings).toEqual([
      expect.stringMatching(
        `^60 users logged in and went on as another user, ${crossed.length} of them in another variant`,
      ),
    ]);
  });

  it('takes programs for what they are, whatever variant they are in, and compares people', async () => {
    const { archive, experiment } = await make({ users: 600, days: 2, machines: 12 });
    const { quality, comparisons } = await reportExperiment(archive, experiment, NOW_MS);
    expect(quality!.machines[0]).toBe(0);
    expect(quality!.machines[1]).toBeGreaterThan(2);
    expect(quality!.warnings.join()).toMatch(/behave as no person does/);
    const lists = comparisons[0].metrics.find(({ metric }) => metric === 'listsPerUser')!.looks.at(-1)!;
    expect(lists.treatmentValue / lists.controlValue).toBeCloseTo(1, 0);
  });

  it('does not report what has not begun, and has nothing to say of an empty archive', async () => {
    const { archive, experiment } = await make({ users: 0, days: 1 });
    await expect(reportExperiment(archive, experiment, START_MS - 1)).rejects.toThrow(NotStartedError);
    const report = await reportExperiment(archive, experiment, NOW_MS);
    expect(report.comparisons[0].verdict).toBe('too-early');
    expect(hasResult(report)).toBe(false);
    expect(renderHtml(report)).toMatch(/nothing to plot yet/);
  });
});

describe('the power calculator', () => {
  it('measures on the archive what a day of users tells', async () => {
    const { archive, experiment } = await make({ users: 600, days: 5 });
    const plan = await planExperiment(archive, experiment, { days: 5, lift: 0.1, nowMs: NOW_MS });
    const report = await reportExperiment(archive, experiment, NOW_MS);
    expect(plan.informations).toHaveLength(5);
    // The plan splits the same users in halves, as the experiment did.
    const measured = report.comparisons[0].metrics[0].looks.at(-1)!.information;
    expect(plan.informations[4] / measured).toBeGreaterThan(0.9);
    expect(plan.informations[4] / measured).toBeLessThan(1.1);
    expect(plan.fixedPowers[4]).toBeGreaterThan(plan.fixedPowers[0]);
    // Half of the minimumLift is looked for with the boundary of the report, which minimumLift has tuned.
    const { alpha, tauSquared } = testSettings(experiment);
    expect(plan.alwaysValidPowers).toEqual(alwaysValidPower(0.1, plan.informations, alpha, tauSquared));
  });

  it('counts no days of before the first list, on which an experiment would have had users', async () => {
    const { archive, experiment } = await make({ users: 100, days: 5 });
    const planOf = (days: number) => planExperiment(archive, experiment, { days, lift: 0.5, nowMs: NOW_MS });
    const [plan, young] = [await planOf(5), await planOf(14)];
    expect(young).toEqual(plan);
    expect(young).toMatchObject({ days: 5, fixedDays: expect.any(Number) });
  });

  it('has no plan of an A/B test for an interleaved experiment', async () => {
    const { archive, experiment } = await make({ users: 1, days: 1 }, { design: 'interleaved' });
    const plan = planExperiment(archive, experiment, { days: 5, lift: 0.1, nowMs: NOW_MS });
    await expect(plan).rejects.toThrow(InterleavedError);
  });

  it('says when the guardrails of a harmless treatment hold, or that it takes longer', async () => {
    const guardrails = [
      { metric: 'latencyMs', mostHarm: 0.1 },
      { metric: 'listsPerUser', mostHarm: 0.02 },
    ];
    const { archive, experiment } = await make({ users: 600, days: 5 }, { guardrails });
    const plan = await planExperiment(archive, experiment, { days: 5, lift: 0.1, nowMs: NOW_MS });
    expect(plan.guardrails).toMatchObject([
      { metric: 'latencyMs', mostHarm: 0.1, fixedDays: 1, alwaysValidDays: expect.any(Number) },
      { metric: 'listsPerUser', mostHarm: 0.02, fixedDays: undefined, alwaysValidDays: undefined },
    ]);
    // As the report of the same users finds it, whose latencies are those of no treatment.
    const { comparisons } = await reportExperiment(archive, experiment, NOW_MS);
    const stateOf = (name: string) => comparisons[0].metrics.find(({ metric }) => metric === name)!.guardrail;
    expect([stateOf('latencyMs'), stateOf('listsPerUser')]).toEqual(['held', 'open']);
  });

  it('says when enough users have come to hold a guardrail of what none of them has seen', () => {
    const [experiment] = fileWith({ guardrails: [{ metric: 'degradedShare', mostHarm: 0.01 }] }).experiments;
    const none = Object.fromEntries(USER_NUMBERS.map((name) => [name, 0])) as UserNumbers;
    const days = [300, 900, 1_000].map((users) => {
      const moments = new Moments();
      for (let user = 0; user < users; user++) moments.add({ ...none, lists: 3, watchSeconds: user % 7 });
      return moments;
    });
    // 498 users each.
    expect(planFrom(days, experiment, 0.1).guardrails).toMatchObject([{ fixedDays: 3, alwaysValidDays: 3 }]);
    expect(planFrom(days.slice(0, 2), experiment, 0.1).guardrails).toMatchObject([{ alwaysValidDays: undefined }]);
  });

  it('counts the lists of the audience, and says what of it the archive does not tell', async () => {
    const served = (userId: string, device: string, country: string) =>
      impressionsServedOf(userId, [impressionItemOf('v', { impressionId: `${device} ${userId}-0` })], {
        requestId: `${device} ${userId}`,
        context: { ...CONTEXT, device, country },
      });
    const clicked = (userId: string, device: string) =>
      watchOf(userId, 'v', { playbackId: `${device} ${userId}`, impressionId: `${device} ${userId}-0` });
    const users = Array.from({ length: 30 }, (_, n) => `u${n}`);
    const bodies = users.flatMap((userId, n) => [
      served(userId, 'tv', n < 10 ? 'SE' : 'FR'),
      ...(n % 2 === 0 ? [clicked(userId, 'tv')] : []),
      // What the same users see elsewhere is no part of a plan for TVs.
      served(userId, 'phone', 'SE'),
      clicked(userId, 'phone'),
    ]);
    const archive = await archiveOf(
      join(folder, 'audience'),
      bodies.map((body, second) => ({ key: 'u', event: eventOf(body, START_MS + 1_000 * second) })),
    );
    opened.push(archive);
    const planFor = (audience: Record<string, unknown>) =>
      planExperiment(archive, fileWith({ audience, primaryMetric: 'clicksPerImpression' }).experiments[0], {
        days: 5,
        lift: 0.2,
        nowMs: NOW_MS,
      });
    expect(await planFor({})).toMatchObject({ users: 30, notMeasured: [], controlValue: 0.75 });
    const told = { devices: ['tv'], countries: ['SE', 'NO'] };
    const untold = { surfaces: ['home'], loggedIn: true, minimumWatchCount: 1, maximumWatchCount: 9 };
    expect(await planFor({ ...told, ...untold })).toMatchObject({
      users: 10,
      notMeasured: ['surfaces', 'loggedIn', 'minimumWatchCount', 'maximumWatchCount'],
      controlValue: 0.5,
    });
  });
});
