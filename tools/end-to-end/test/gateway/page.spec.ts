/**
 * The console page in a real browser, against a real collector. Skipped, and said so by name, where there is no
 * Chromium: set WATCHNEXT_CHROMIUM to its path. With WATCHNEXT_SCREENSHOTS set to a folder, pictures are left there.
 */
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { eventually } from '@watchnext/testing';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser, type OpenConsole, titleOf } from './console-page';
import { FIRST_SNAPSHOT, type TestGateway, VIDEOS, type World } from './world';

let world: World;
let gateway: TestGateway;
let opened: OpenConsole;
let page: Page;
const complaints: string[] = [];

function onOpen(whole: OpenConsole): void {
  opened = whole;
  ({ world, gateway, page } = opened);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(gateway.url)) complaints.push(`asked ${request.url()}`);
  });
}

describeInBrowser('the console page', onOpen, () => {
  const picture = async (name: string, fullPage = false) => {
    const folder = process.env['WATCHNEXT_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
  };
  const eventsOf = async (kind: string): Promise<Event[]> => {
    const events: Event[] = [];
    const tail = await world.log.tail(TOPICS.activity, {
      onRecords: async (records) => {
        for (const { value } of records) {
          const event = Event.decode(value);
          if (event.body?.$case === kind) events.push(event);
        }
      },
    });
    await tail.stop();
    return events;
  };

  const watchesOf = async () =>
    (await eventsOf('watch')).map(
      ({ body }) => (body as Extract<NonNullable<Event['body']>, { $case: 'watch' }>).value,
    );
  /** Watches the first video by keyboard. @returns its id, once the next list is there */
  const watchFirst = async (steps: number): Promise<string> => {
    const [videoId] = await opened.shownIds();
    await opened.cards().first().locator('.play').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('slider').waitFor();
    for (let step = 0; step < steps; step++) await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#share-text').innerText()).toMatch(new RegExp(`^${100 - steps} %`));
    await picture('watch-dialog');
    await page.keyboard.press('Enter');
    await opened.status().filter({ hasText: 'The next list' }).waitFor();
    return videoId!;
  };

  it('shows the recommendations of a viewer, with thumbnails, seconds, source, rung and snapshot', async () => {
    await page.goto(`${gateway.url}/?user=ada`);
    await opened.cards().first().waitFor();
    expect(await opened.cards().count()).toBe(12);
    const first = opened.cards().first();
    expect(await first.locator('.thumbnail svg').count()).toBe(1);
    expect(await first.locator('.expected').innerText()).toMatch(/expected watch [\d.]+ (s|min)/);
    expect(await page.locator('#facts').innerText()).toMatch(
      new RegExp(`rung\\s+full\\s+snapshot\\s+${FIRST_SNAPSHOT}`),
    );
    const [videoId] = await opened.shownIds();
    expect(await first.locator('.title').innerText()).toBe(VIDEOS.find((video) => video.videoId === videoId)!.title);
    await picture('wide-light');
  });

  it('draws the same picture for the same title', async () => {
    await opened.open('/?user=ada');
    const drawn = (await page.evaluate(`import('/js/thumbnail.js').then(({ thumbnail }) =>
        ['Otters at dawn', 'Otters at dawn', 'Otters at night'].map((title) => thumbnail(title, 'otters').innerHTML))`)) as string[];
    expect(drawn[1]).toBe(drawn[0]);
    expect(drawn[2]).not.toBe(drawn[0]);
  });

  it('records nothing of a list that is looked at, and shows what it takes to act on it', async () => {
    const recorded = async () => [...(await world.servedLists()).keys()];
    const before = await recorded();
    await opened.open('/?user=ada');
    await opened.cards().first().waitFor();
    expect(await page.locator('#mode').innerText()).toMatch(/^A preview.*Act as this viewer/);
    expect(await opened.cards().locator('button:enabled').allInnerTexts()).toEqual(Array(12).fill('Why?'));
    await page.getByRole('button', { name: 'Show more' }).click();
    await opened.cards().nth(12).waitFor();
    expect(await recorded()).toEqual(before);

    await opened.act();
    expect(await page.locator('#mode').innerText()).toMatch(/^You act as this viewer/);
    const requests = (await recorded()).filter((requestId) => !before.includes(requestId));
    expect(requests).toHaveLength(1);
    const viewed = async () =>
      (await eventsOf('impressionsViewed'))
        .map(({ body }) => (body!.value as { requestId: string }).requestId)
        .filter((requestId) => !before.includes(requestId));
    await eventually(async () => expect(await viewed()).toEqual(requests));
    await picture('acting');

    // Of another viewer nobody said so.
    await opened.show('bob');
    await opened.status().filter({ hasText: 'Nothing is known' }).waitFor();
    expect(await opened.actSwitch().isChecked()).toBe(false);
    expect(await recorded()).toHaveLength(before.length + 1);
  });

  it('watches by keyboard alone, and shows how the next list changed', async () => {
    await opened.actAs('ada');
    const watched = await watchFirst(20);
    expect(await opened.shownIds()).not.toContain(watched);
    expect(await page.locator('#history .name').first().innerText()).toBe(titleOf(watched));
    expect(await page.locator('#gone').innerText()).toContain(titleOf(watched));
    expect(await page.locator('.chip.new, .chip.up, .chip.down').count()).toBeGreaterThan(0);
    expect(await page.evaluate('document.activeElement.id')).toBe('list');
    await picture('after-a-watch');

    const watches = (await watchesOf()).filter(({ videoId }) => videoId === watched);
    const duration = VIDEOS.find(({ videoId }) => videoId === watched)!.durationSeconds;
    expect(watches).toMatchObject([{ userId: 'ada', positionSeconds: duration * 0.8 }]);
    expect(
      [...(await world.servedLists()).values()].some(({ items }) =>
        items.some(({ impressionId }) => impressionId === watches[0]!.impressionId),
      ),
    ).toBe(true);
  });

  it('cancels without sending anything', async () => {
    await opened.actAs('ada');
    const watches = (await eventsOf('watch')).length;
    await opened.cards().first().locator('.play').click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('#watch').waitFor({ state: 'hidden' });
    await opened.cards().first().locator('.play').click();
    await page.keyboard.press('Escape');
    await page.locator('#watch').waitFor({ state: 'hidden' });
    expect((await eventsOf('watch')).length).toBe(watches);
  });

  it('confirms the impressions that came into view', async () => {
    await opened.actAs('ada');
    const first = await opened.cards().first().getAttribute('data-impression-id');
    await eventually(async () => {
      const viewed = (await eventsOf('impressionsViewed')).flatMap((event) =>
        event.body?.$case === 'impressionsViewed' ? event.body.value.impressionIds : [],
      );
      expect(viewed).toContain(first);
    });
  });

  it('does not bring back what was dismissed', async () => {
    await opened.actAs('ada');
    const [videoId] = await opened.shownIds();
    await opened
      .cards()
      .first()
      .getByRole('button', { name: /Not interested/ })
      .click();
    await opened.status().filter({ hasText: 'will not come back' }).waitFor();
    expect(await opened.shownIds()).not.toContain(videoId);
  });

  it('explains a score', async () => {
    await opened.open('/?user=ada');
    await opened.cards().first().getByRole('button', { name: /^Why/ }).click();
    const panel = page.getByRole('dialog');
    await panel.waitFor();
    const text = await panel.innerText();
    for (const part of [
      'Where it came from',
      'What the score is made of',
      'Inputs as they are',
      'durationSeconds',
      FIRST_SNAPSHOT,
    ]) {
      expect(text).toContain(part);
    }
    // A long name breaks between its words, and not within one.
    const breaks = page.locator('.bars span', { has: page.locator('wbr') });
    expect(await breaks.first().evaluate((name) => [...name.childNodes].map((node) => node.textContent))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^[A-Z][a-z]+$/)]),
    );
    await picture('explain');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
  });

  it('shows further pages without repeats', async () => {
    await opened.open('/?user=ada');
    await page.getByRole('button', { name: 'Show more' }).click();
    await opened.cards().nth(12).waitFor();
    const ids = await opened.shownIds();
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('asks for a further page once, and drops it where another viewer was chosen meanwhile', async () => {
    await page.goto(`${gateway.url}/?user=ada`);
    await opened.cards().first().waitFor();
    const held: Route[] = [];
    await page.route(/\/ada\/recommendations\?.*cursor=/, async (route) => void held.push(route));
    const more = page.getByRole('button', { name: 'Show more' });
    await more.click();
    await eventually(() => expect(held).toHaveLength(1));
    expect(await more.isDisabled()).toBe(true);
    await page.locator('#user').fill('bob');
    await page.locator('#user').press('Enter');
    await page.waitForURL(/user=bob/);
    await eventually(async () => expect(await opened.status().innerText()).not.toBe('Loading…'));
    const ofBob = await opened.shownIds();
    const late = page.waitForResponse(/\/ada\/recommendations\?.*cursor=/);
    await held[0].continue();
    await (await late).finished();
    await eventually(async () => expect(await more.isDisabled()).toBe(false));
    expect(await opened.shownIds()).toEqual(ofBob);
    // The cursor is still bob's own.
    await more.click();
    await eventually(async () => expect((await opened.shownIds()).length).toBeGreaterThan(ofBob.length));
    expect(new Set(await opened.shownIds()).size).toBe((await opened.shownIds()).length);
    expect(await opened.status().getAttribute('class')).not.toMatch(/error/);
    await page.unrouteAll();
  });

  it('takes any new viewer, on a narrow screen, in the dark', async () => {
    await opened.actAs('ada');
    await watchFirst(10);
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'New viewer' }).click();
    await opened.status().filter({ hasText: 'Nothing is known' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await picture('narrow-dark');
    await page.locator('#user').fill('ada');
    await page.keyboard.press('Enter');
    await opened.status().filter({ hasText: 'watched so far' }).waitFor();
    await picture('narrow-dark-history', true);
  });

  it('shows the API', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1100, height: 900 });
    await page.goto(`${gateway.url}/docs`);
    await page.getByText('/v1/users/{id}/recommendations').waitFor();
    await picture('docs');
  });

  it('shows what a request carries: its content type, what is required, and an example that the collector takes', async () => {
    await opened.open('/docs');
    const events = page.locator('section', { hasText: '/v1/events' });
    const text = await events.innerText();
    expect(text).toContain('application/json, required');
    expect(text).toMatch(/"eventId": "string"[^]*"backfill\?": "boolean"/);
    const response = await fetch(`${gateway.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: await events.locator('pre').last().innerText(),
    });
    expect(await response.json()).toMatchObject({ results: [{ status: 'accepted' }] });
  });

  it('asked nothing of other hosts, and no error was logged', () => {
    expect(complaints).toEqual([]);
  });
});
