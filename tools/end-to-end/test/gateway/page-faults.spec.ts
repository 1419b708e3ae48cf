/** The console page where answers are late, do not come, or come with less than usual: what it shows stays true. */
import { eventually } from '@watchnext/testing';
import type { Locator, Page, Request, Route } from 'playwright-core';
import { describeInBrowser, openConsole, type OpenConsole } from './console-page';
import { type Answer, VIDEOS } from './world';

const LIST_OF_USERS = /\/v1\/users\?/;
const ANY_HISTORY = /\/history$/;
const ANY_LIST = /\/recommendations\?/;
/** Said of a viewer whose list is there. */
const IS_SHOWN = /Nothing is known|watched so far/;
const OUT_OF_ORDER = 'out of order for a spec';

const refuse = (route: Route) =>
  route.fulfill({ status: 503, json: { error: { code: 'spec', message: OUT_OF_ORDER, requestId: '' } } });

describeInBrowser('the console page, where answers are late or fail', () => {
  let opened: OpenConsole;
  let page: Page;

  const cards = () => page.locator('#cards > li[data-video-id]');
  const shownIds = () =>
    cards().evaluateAll((items) =>
      items.map((item) => (item as unknown as { dataset: { videoId: string } }).dataset.videoId),
    );
  const titleOf = (videoId: string) => VIDEOS.find((video) => video.videoId === videoId)!.title;
  const status = () => page.locator('#status');
  const error = () => page.locator('#status.error');
  const user = () => page.locator('#user');
  const dismissing = (place: number) =>
    cards()
      .nth(place)
      .getByRole('button', { name: /Not interested/ });
  const open = (path: string) => page.goto(`${opened.gateway.url}${path}`);
  async function show(userId: string): Promise<void> {
    await user().fill(userId);
    await user().press('Enter');
  }
  /** Requests that wait until they are told to go on. */
  async function hold(url: RegExp): Promise<Route[]> {
    const held: Route[] = [];
    await page.route(url, async (route) => void held.push(route));
    return held;
  }
  const isInSight = (element: Locator) =>
    element.evaluate((node) => {
      const { top, bottom } = node.getBoundingClientRect();
      return top >= 0 && bottom <= (node.ownerDocument.defaultView?.innerHeight ?? 0);
    });
  /** Answers come from the gateway, but for what `change` makes of them. */
  const changeLists = (change: (answer: Answer['body'], url: string) => void) =>
    page.route(ANY_LIST, async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      change(json, route.request().url());
      await route.fulfill({ response, json });
    });

  beforeAll(async () => {
    opened = await openConsole();
    ({ page } = opened);
  });
  afterEach(() => page.unrouteAll({ behavior: 'ignoreErrors' }));
  afterAll(() => opened?.close());

  it('shows nothing of one viewer under the name of another whose list does not come', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    await page.route(/\/bob\//, refuse);
    await show('bob');
    await error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(page.url()).toMatch(/user=bob/);
    expect(await shownIds()).toEqual([]);
    expect(await page.locator('#facts').innerText()).toBe('');
    expect(await page.getByRole('button', { name: 'Show more' }).isVisible()).toBe(false);
  });

  it('offers no card of one viewer while the list of another is awaited', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    const held = await hold(/\/bob\/recommendations/);
    await show('bob');
    await eventually(() => expect(held).toHaveLength(1));
    expect(await shownIds()).toEqual([]);
    expect(await page.locator('#history li').count()).toBe(0);
    await held[0].continue();
    await cards().first().waitFor();
    expect(await user().inputValue()).toBe('bob');
  });

  it('does not put back the list of a viewer whose dismissal is accepted after another was chosen', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    const held = await hold(/\/ada\/history$/);
    await dismissing(0).click();
    await eventually(() => expect(held).toHaveLength(1));
    const lists: string[] = [];
    const note = (request: Request) => void (ANY_LIST.test(request.url()) && lists.push(request.url()));
    page.on('request', note);
    await show('bob');
    await status().filter({ hasText: IS_SHOWN }).waitFor();
    const ofBob = await shownIds();
    const late = page.waitForResponse(/\/ada\/history$/);
    await held[0].continue();
    await (await late).finished();
    await page.getByRole('button', { name: 'Show more' }).click();
    await cards().nth(12).waitFor();
    expect((await shownIds()).slice(0, 12)).toEqual(ofBob);
    expect(lists.filter((url) => url.includes('/ada/'))).toEqual([]);
    page.off('request', note);
  });

  it('leaves both out where a second is dismissed before the list without the first has come', async () => {
    await open('/?user=both');
    await cards().first().waitFor();
    const [first, second] = await shownIds();
    const held = await hold(/\/v1\/events$/);
    await dismissing(0).click();
    await dismissing(0).click();
    await dismissing(1).click();
    const bodies = () => held.map((route) => route.request().postData()!).filter((body) => body.includes('dismissal'));
    await eventually(() => expect(bodies()).toHaveLength(2));
    const [one, two] = held.filter((route) => route.request().postData()!.includes('dismissal'));
    await one.continue();
    await status()
      .filter({ hasText: `“${titleOf(first)}” will not come back. The next list` })
      .waitFor();
    await two.continue();
    await status()
      .filter({ hasText: `“${titleOf(second)}” will not come back. The next list` })
      .waitFor();
    expect(await shownIds()).not.toContain(first);
    expect(await shownIds()).not.toContain(second);
  });

  it.each(['shown', 'typed'])('keeps to the viewer who was %s before the viewers were listed', async (how) => {
    const held = await hold(LIST_OF_USERS);
    const lists: string[] = [];
    const note = (request: Request) => void (ANY_LIST.test(request.url()) && lists.push(request.url()));
    await open('/');
    await eventually(() => expect(held).toHaveLength(1));
    page.on('request', note);
    if (how === 'shown') {
      await show('bob');
      await cards().first().waitFor();
    } else await user().fill('bob');
    await held[0].fulfill({ json: { users: [{ userId: 'zoe', watchCount: 3, lastEventAtMs: 0 }] } });
    await page.locator('#users option').first().waitFor({ state: 'attached' });
    expect(await user().inputValue()).toBe('bob');
    expect(lists).toHaveLength(how === 'shown' ? 1 : 0);
    page.off('request', note);
  });

  it('shows the viewer of the address though the viewers cannot be listed', async () => {
    await page.route(LIST_OF_USERS, refuse);
    await open('/?user=ada');
    await cards().first().waitFor();
    expect(await user().inputValue()).toBe('ada');
    expect(await error().count()).toBe(0);
  });

  it('says that any viewer may be named where none is and they cannot be listed', async () => {
    await page.route(LIST_OF_USERS, refuse);
    await open('/');
    await error().filter({ hasText: OUT_OF_ORDER }).filter({ hasText: 'Any id can be shown' }).waitFor();
  });

  it('shows the list though the history cannot be read, and says so where the history would be', async () => {
    await page.route(ANY_HISTORY, refuse);
    await open('/?user=ada');
    await cards().first().waitFor();
    await page.locator('#history').filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await cards().count()).toBe(12);
  });

  it('says that an event was accepted, whatever cannot be read afterwards', async () => {
    await open('/?user=carol');
    await cards().first().waitFor();
    const [videoId] = await shownIds();
    await page.route(ANY_LIST, refuse);
    let historiesLeft = 1;
    await page.route(ANY_HISTORY, (route) => (historiesLeft-- > 0 ? refuse(route) : route.continue()));
    await dismissing(0).click();
    await error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await status().innerText()).toContain(`“${titleOf(videoId)}” will not come back.`);
    expect(await status().innerText()).toContain('was accepted');
    expect(await page.locator('#cards').getAttribute('aria-busy')).toBeNull();
  });

  it('sends a watch again as the same playback, where it is not known whether the first was taken', async () => {
    const playbacks: string[] = [];
    await page.route(/\/v1\/events$/, async (route) => {
      const [{ watch }] = route.request().postDataJSON().events;
      if (watch) playbacks.push(watch.playbackId);
      return playbacks.length === 1 ? refuse(route) : route.continue();
    });
    await open('/?user=frida');
    for (const said of [OUT_OF_ORDER, 'The next list']) {
      await cards().first().locator('.play').click();
      await page.keyboard.press('Enter');
      await status().filter({ hasText: said }).waitFor();
    }
    expect(playbacks[1]).toBe(playbacks[0]);
    expect(playbacks).toHaveLength(2);
  });

  it('names the viewer of an event that failed after another was chosen', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    const held = await hold(/\/v1\/events$/);
    await dismissing(0).click();
    const dismissal = () => held.find((route) => route.request().postData()!.includes('dismissal'));
    await eventually(() => expect(dismissal()).toBeDefined());
    await show('bob');
    await status().filter({ hasText: IS_SHOWN }).waitFor();
    await refuse(dismissal()!);
    await error()
      .filter({ hasText: `ada: ${OUT_OF_ORDER}` })
      .waitFor();
  });

  it('compares the next list with the first page alone, however many are shown', async () => {
    await open('/?user=dora');
    await cards().first().waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await cards().nth(12).waitFor();
    const before = await shownIds();
    await dismissing(0).click();
    await status().filter({ hasText: 'The next list' }).waitFor();
    const after = await shownIds();
    const gone = before.slice(0, 12).filter((videoId) => !after.includes(videoId));
    expect(gone).toContain(before[0]);
    expect(await status().innerText()).toContain(` ${gone.length} gone.`);
    expect(await page.locator('#gone').innerText()).toBe(`No longer on this page: ${gone.map(titleOf).join(', ')}.`);
  });

  it('says of a video of unknown duration that it is unknown, in its card and when it is watched', async () => {
    await changeLists((answer) => (answer.items[0].durationSeconds = 0));
    await open('/?user=ada');
    const play = cards().first().locator('.play');
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
    await changeLists((answer) => {
      answer.warnings = [warning];
      for (const { explain } of answer.items) explain.parts = explain.features = [];
    });
    await open('/?user=ada');
    await cards().first().waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await cards().nth(12).waitFor();
    expect(await page.getByRole('list', { name: 'Warnings' }).getByRole('listitem').allInnerTexts()).toEqual([warning]);
    await cards().first().getByRole('button', { name: /^Why/ }).click();
    expect(await page.getByRole('dialog').innerText()).toContain(warning);
    await page.keyboard.press('Escape');
    await page.unrouteAll();
    await show('bob');
    await cards().first().waitFor();
    expect(await page.locator('#warnings li').count()).toBe(0);
  });

  it('says that a further page was made by less than the first', async () => {
    await changeLists((answer, url) => {
      if (url.includes('cursor=')) Object.assign(answer, { rung: 'retrieval-order', rungReason: 'ranking is late' });
    });
    await open('/?user=ada');
    await cards().first().waitFor();
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
    await open('/?user=ada');
    await page.locator('#history .empty').filter({ hasText: words }).waitFor();
  });

  it('says why the API is not described, and tries again when told to', async () => {
    await page.route(/openapi\.json/, refuse);
    await open('/docs');
    await error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('/v1/users/{id}/recommendations').waitFor();
    expect(await error().count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(false);
  });

  it('leaves an error in sight and the focus where it was, where a further page does not come', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    await page.route(ANY_LIST, refuse);
    await page.locator('#more').focus();
    await page.keyboard.press('Enter');
    await error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await isInSight(error())).toBe(true);
    expect(await page.evaluate('document.activeElement.id')).toBe('more');
    await page.unrouteAll();
    await page.keyboard.press('Enter');
    await status().filter({ hasText: '12 more' }).waitFor();
    expect(
      await cards()
        .nth(12)
        .locator('.play')
        .evaluate((play) => play.matches(':focus')),
    ).toBe(true);
    expect(await error().count()).toBe(0);
  });

  it('shows further pages of one viewer while a page of another is still awaited, and says nothing of its failure', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    const held = await hold(/\/ada\/recommendations\?.*cursor=/);
    await page.locator('#more').click();
    await eventually(() => expect(held).toHaveLength(1));
    await show('bob');
    await status().filter({ hasText: IS_SHOWN }).waitFor();
    await page.locator('#more').click();
    await cards().nth(12).waitFor();
    const late = page.waitForResponse(/\/ada\/recommendations/);
    await refuse(held[0]);
    await (await late).finished();
    await page.locator('#more').click();
    await cards().nth(24).waitFor();
    expect(await error().count()).toBe(0);
  });

  it('leaves whoever types where they type when the next list comes', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    await dismissing(0).click();
    await user().focus();
    await status().filter({ hasText: 'The next list' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('user');
  });

  it('says that the gateway does not answer, where it keeps silent', async () => {
    await page.addInitScript(
      'const limit = AbortSignal.timeout; AbortSignal.timeout = () => limit.call(AbortSignal, 300)',
    );
    await hold(/\/ada\/recommendations/);
    await open('/?user=ada');
    await error().filter({ hasText: 'has not answered for 15 s' }).waitFor();
  });

  it('asks to sign in again where the token is not the one any more', async () => {
    const message = 'the console needs its token, as a bearer';
    const json = { error: { code: 'unauthorized', message, field: 'authorization', requestId: '' } };
    await page.route(ANY_LIST, (route) => route.fulfill({ status: 401, json }));
    await open('/?user=ada');
    await error().filter({ hasText: 'reload the page to sign in' }).waitFor();
  });

  it('asks for an id that is more than blanks', async () => {
    await open('/?user=ada');
    await cards().first().waitFor();
    await show('   ');
    expect(await user().evaluate((input) => input.matches(':invalid'))).toBe(true);
    expect(page.url()).toMatch(/user=ada$/);
    expect(await cards().count()).toBe(12);
  });

  it('says what an empty list may come from', async () => {
    await changeLists((answer) => {
      answer.items = [];
      delete answer.nextCursor;
    });
    await open('/?user=ada');
    await page.locator('#cards .empty').filter({ hasText: 'has seen or dismissed all of it' }).waitFor();
  });

  it('names everything for those who do not see it', async () => {
    await open('/?user=eve');
    await cards().first().waitFor();
    expect(await page.title()).toBe('eve · WatchNext');
    const [, second] = await shownIds();
    await dismissing(0).click();
    await status().filter({ hasText: 'The next list' }).waitFor();
    expect(await shownIds()).toContain(second);
    expect(await page.getByRole('img', { name: /^moved up by \d+$/ }).count()).toBeGreaterThan(0);
    for (const name of ['Recommended', 'Watched']) expect(await page.getByRole('list', { name }).count()).toBe(1);
    expect(await page.locator('#facts').ariaSnapshot()).toMatch(/rung full[^]*snapshot 2026/);
    const title = await cards().first().locator('.title').innerText();
    await page.getByRole('button', { name: `Why? ${title}` }).click();
    const why = page.getByRole('dialog', { name: `Why ${title}` });
    for (const name of ['Where it came from', 'Inputs as they are', 'Served']) {
      expect(await why.getByRole('group', { name }).getByRole('table').count()).toBe(1);
    }
    await page.keyboard.press('Escape');
    await cards().first().locator('.play').click();
    await page.getByRole('dialog', { name: `Watch ${title}` }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('fits a screen of 320 pixels, however long a title or an id', async () => {
    const isWithin = (element: Locator) =>
      element.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth);
    await page.setViewportSize({ width: 320, height: 640 });
    await open('/docs');
    await page.locator('#routes section').first().waitFor();
    expect(await isWithin(page.locator('html'))).toBe(true);
    await changeLists((answer) => {
      answer.requestId = answer.items[0].title = answer.items[0].channelId = 'W'.repeat(64);
    });
    await open('/?user=ada');
    await cards().first().waitFor();
    expect(await isWithin(page.locator('html'))).toBe(true);
    await cards().first().locator('.play').click();
    expect(await isWithin(page.locator('#watch'))).toBe(true);
    await page.keyboard.press('Escape');
    await cards().first().getByRole('button', { name: /^Why/ }).click();
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
