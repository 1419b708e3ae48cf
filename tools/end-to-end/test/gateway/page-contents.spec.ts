/** The console page by what an answer holds, and by who looks at it: unusual values, narrow screens, screen readers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { RULES } from '../../../../apps/gateway/src/pipeline/draft';
import { ANY_HISTORY, describeInBrowser, type OpenConsole, titleOf } from './console-page';

let shown: OpenConsole;
let page: Page;
const onOpen = (opened: OpenConsole) => void ({ page } = shown = opened);

describeInBrowser('the console page, whatever an answer holds and whoever looks', onOpen, () => {
  it('compares the next list with the first page alone, however many are shown', async () => {
    await shown.actAs('dora');
    await shown.cards().first().waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await shown.cards().nth(12).waitFor();
    const before = await shown.shownIds();
    await shown.dismissing(0).click();
    await shown.status().filter({ hasText: 'The next list' }).waitFor();
    const after = await shown.shownIds();
    const gone = before.slice(0, 12).filter((videoId) => !after.includes(videoId));
    expect(gone).toContain(before[0]);
    expect(await shown.status().innerText()).toContain(` ${gone.length} gone.`);
    expect(await page.locator('#gone').innerText()).toBe(`No longer on this page: ${gone.map(titleOf).join(', ')}.`);
  });

  it('says of a video of unknown duration that it is unknown, in its card and when it is watched', async () => {
    await shown.changeLists((answer) => (answer.items[0].durationSeconds = 0));
    await shown.actAs('ada');
    const play = shown.cards().first().locator('.play');
    await play.waitFor();
    expect(await play.locator('.duration').innerText()).toBe('–');
    expect(await play.getAttribute('aria-label')).toMatch(/, duration unknown$/);
    await play.click();
    const text = page.locator('#share-text');
    expect(await text.innerText()).toBe('1:00 · its duration is unknown');
    expect(await page.getByRole('slider').getAttribute('aria-valuetext')).toBe(await text.innerText());
    await page.keyboard.press('Escape');
  });

  it("tells an answer's warnings above the list, each once, and where a score is explained", async () => {
    const warning = 'the scores are not explained: ranking took too long';
    await shown.changeLists((answer) => {
      answer.warnings = [warning];
      for (const { explain } of answer.items) explain.parts = explain.features = [];
    });
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await shown.cards().nth(12).waitFor();
    expect(await page.getByRole('list', { name: 'Warnings' }).getByRole('listitem').allInnerTexts()).toEqual([warning]);
    await shown.cards().first().getByRole('button', { name: /^Why/ }).click();
    expect(await page.getByRole('dialog').innerText()).toContain(warning);
    await page.keyboard.press('Escape');
    await page.unrouteAll();
    await shown.show('bob');
    await shown.cards().first().waitFor();
    expect(await page.locator('#warnings li').count()).toBe(0);
  });

  it('leads to what was asked for once signed in, and signs out', async () => {
    expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    const path = join(await shown.world.temporaryDirectory(), 'token');
    await writeFile(path, 'a-token-of-some-length');
    const guarded = await shown.world.startGateway({
      WATCHNEXT_CONSOLE: 'token',
      WATCHNEXT_CONSOLE_TOKEN_FILE: path,
    });
    await page.goto(`${guarded.url}/?user=zoe`);
    for (const token of ['another', 'a-token-of-some-length']) {
      await page.getByLabel('Token of the console').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
      if (token === 'another') await page.getByRole('alert').waitFor();
    }
    await shown.cards().first().waitFor();
    expect(page.url()).toBe(`${guarded.url}/?user=zoe`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token of the console').waitFor();
    expect(await page.context().cookies()).toEqual([]);
  });

  it('tells of which experiments a list is, above it and where a place is explained', async () => {
    await shown.changeLists((answer) => {
      answer.experiments = [
        { experiment: 'longer-lists', variant: 'treatment', overridden: true },
        { experiment: 'two-rankings', overridden: false },
      ];
      answer.items[0].team = 'control';
    });
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    const facts = await page.locator('#facts').innerText();
    expect(facts).toMatch(/experiment longer-lists:\s+treatment \(chosen for this viewer\)/);
    expect(facts).toMatch(/experiment two-rankings:\s+both variants/);
    await shown.cards().first().getByRole('button', { name: /^Why/ }).click();
    const rows = await page.getByRole('group', { name: 'Served' }).getByRole('row').allInnerTexts();
    expect(rows.map((row) => row.split('\t'))).toEqual(
      expect.arrayContaining([
        ['experiment longer-lists', 'treatment (chosen for this viewer)'],
        ['experiment two-rankings', 'both variants'],
        ['variant that ranked it here', 'control'],
      ]),
    );
    await page.keyboard.press('Escape');
  });

  it('tells of every rule in words why a place is not that of the score, and with which chance it was drawn', async () => {
    await shown.changeLists((answer) => {
      answer.items[0].explain.propensity = 0.05;
      answer.items[0].explain.rules = RULES.map((rule) => ({ rule, fromRank: 6, toPosition: 0 }));
    });
    await shown.open('/?user=ada');
    await shown.cards().first().getByRole('button', { name: /^Why/ }).click();
    const told = await page.locator('#explain .note').filter({ hasText: 'by score, shown at' }).allInnerTexts();
    expect(new Set(told).size).toBe(RULES.length);
    for (const rule of RULES) expect(told).not.toContain(`Rank 7 by score, shown at 1: ${rule}.`);
    expect(await page.getByRole('row', { name: 'chance of this place' }).innerText()).toMatch(/0\.05$/);
    await page.keyboard.press('Escape');
  });

  it('says that a further page was made by less than the first', async () => {
    await shown.changeLists((answer, url) => {
      if (url.includes('cursor=')) Object.assign(answer, { rung: 'retrieval-order', rungReason: 'ranking is late' });
    });
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    expect(await page.locator('#warnings li').count()).toBe(0);
    await page.locator('#more').click();
    await page.locator('#warnings').filter({ hasText: 'of rung retrieval-order: ranking is late' }).waitFor();
    expect(await page.locator('#facts').innerText()).toMatch(/full/);
  });

  it.each([
    [{ known: true, watchCount: 2 }, 'what was watched is withdrawn'],
    [{ known: true, watchCount: 0 }, /^Nothing yet.$/],
    [{ known: false, watchCount: 0 }, 'only what everyone watches'],
  ])('says why nothing watched is shown of a viewer with %j', async (viewer, words) => {
    const json = { userId: 'ada', mark: { topic: '', partition: 0, offset: 0 }, watches: [], ...viewer };
    await page.route(ANY_HISTORY, (route) => route.fulfill({ json }));
    await shown.open('/?user=ada');
    await page.locator('#history .empty').filter({ hasText: words }).waitFor();
  });

  it('says what an empty list may come from', async () => {
    await shown.changeLists((answer) => {
      answer.items = [];
      delete answer.nextCursor;
    });
    await shown.open('/?user=ada');
    await page.locator('#cards .empty').filter({ hasText: 'has seen or dismissed all of it' }).waitFor();
  });

  it('names everything for those who do not see it', async () => {
    await shown.actAs('eve');
    await shown.cards().first().waitFor();
    expect(await page.title()).toBe('eve · WatchNext');
    const [, second] = await shown.shownIds();
    await shown.dismissing(0).click();
    await shown.status().filter({ hasText: 'The next list' }).waitFor();
    expect(await shown.shownIds()).toContain(second);
    expect(await page.getByRole('img', { name: /^moved up by \d+$/ }).count()).toBeGreaterThan(0);
    for (const name of ['Recommended', 'Watched']) expect(await page.getByRole('list', { name }).count()).toBe(1);
    expect(await page.locator('#facts').ariaSnapshot()).toMatch(/rung full[^]*snapshot 2026/);
    const title = await shown.cards().first().locator('.title').innerText();
    await page.getByRole('button', { name: `Why? ${title}` }).click();
    const why = page.getByRole('dialog', { name: `Why ${title}` });
    for (const name of ['Where it came from', 'Inputs as they are', 'Served']) {
      expect(await why.getByRole('group', { name }).getByRole('table').count()).toBe(1);
    }
    await page.keyboard.press('Escape');
    await shown.cards().first().locator('.play').click();
    await page.getByRole('dialog', { name: `Watch ${title}` }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('has on a narrow screen the order for the eye that it has for keyboard and screen reader', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    const tops = await page
      .locator('main > section, main > aside')
      .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().top));
    expect(tops).toHaveLength(2);
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
    await page.setViewportSize({ width: 1360, height: 900 });
  });

  it('tells in forced colours how much of a video was watched', async () => {
    const watch = {
      videoId: 'v00',
      title: 'Otters',
      topics: [],
      startedAtMs: 0,
      watchSeconds: 25,
      durationSeconds: 100,
    };
    const json = { userId: 'ada', known: true, watchCount: 1, watches: [watch] };
    await page.route(ANY_HISTORY, (route) => route.fulfill({ json }));
    await page.emulateMedia({ forcedColors: 'active' });
    await shown.open('/?user=ada');
    const picture = (await page.locator('#history progress').screenshot()).toString('base64');
    const [watched, unwatched] = (await page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob('${picture}'), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const colourAt = (share) => [...canvas.getImageData(image.width * share, image.height / 2, 1, 1).data].join(' ');
      return [colourAt(0.1), colourAt(0.8)];
    })()`)) as string[];
    expect(unwatched).toBe('255 255 255 255');
    expect(watched).not.toBe(unwatched);
    await page.emulateMedia({ forcedColors: 'none' });
  });

  it('fits a screen of 320 pixels, however long a title or an id', async () => {
    const isWithin = (element: Locator) =>
      element.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth);
    await page.setViewportSize({ width: 320, height: 640 });
    await shown.open('/docs');
    await page.locator('#routes section').first().waitFor();
    expect(await isWithin(page.locator('html'))).toBe(true);
    await shown.changeLists((answer) => {
      answer.requestId = answer.items[0].title = answer.items[0].channelId = 'W'.repeat(64);
    });
    await shown.actAs('ada');
    await shown.cards().first().waitFor();
    expect(await isWithin(page.locator('html'))).toBe(true);
    await shown.cards().first().locator('.play').click();
    expect(await isWithin(page.locator('#watch'))).toBe(true);
    await page.keyboard.press('Escape');
    await shown.cards().first().getByRole('button', { name: /^Why/ }).click();
    expect(await isWithin(page.locator('#explain'))).toBe(true);
    const served = page.getByRole('group', { name: 'Served' });
    expect(await isWithin(served)).toBe(true);
    const linesOfNames = await served.getByRole('rowheader').evaluateAll((cells) =>
      cells.map((cell) => {
        const range = cell.ownerDocument.createRange();
        range.selectNodeContents(cell);
        return range.getClientRects().length;
      }),
    );
    expect(linesOfNames).toEqual([1, 1, 1, 1]);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 1360, height: 900 });
  });
});
