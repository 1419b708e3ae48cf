/** The console page where answers are late or do not come: what it shows stays true. */
import { eventually } from '@watchnext/testing';
import type { Locator, Page, Request, Route } from 'playwright-core';
import { ANY_HISTORY, ANY_LIST, describeInBrowser, type OpenConsole, titleOf } from './console-page';

const LIST_OF_USERS = /\/v1\/users\?/;
/** Said of a viewer whose list is there. */
const IS_SHOWN = /Nothing is known|watched so far/;
const OUT_OF_ORDER = 'out of order for a spec';

const refuse = (route: Route) =>
  route.fulfill({ status: 503, json: { error: { code: 'spec', message: OUT_OF_ORDER, requestId: '' } } });

const isInSight = (element: Locator) =>
  element.evaluate((node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return top >= 0 && bottom <= (node.ownerDocument.defaultView?.innerHeight ?? 0);
  });

let shown: OpenConsole;
let page: Page;
const onOpen = (opened: OpenConsole) => void ({ page } = shown = opened);

describeInBrowser('the console page, where answers are late or fail', onOpen, () => {
  it('shows nothing of one viewer under the name of another whose list does not come', async () => {
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    await page.route(/\/bob\//, refuse);
    await shown.show('bob');
    await shown.error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(page.url()).toMatch(/user=bob/);
    expect(await shown.shownIds()).toEqual([]);
    expect(await page.locator('#facts').innerText()).toBe('');
    expect(await page.getByRole('button', { name: 'Show more' }).isVisible()).toBe(false);
  });

  it('offers no card of one viewer while the list of another is awaited', async () => {
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    const held = await shown.hold(/\/bob\/recommendations/);
    await shown.show('bob');
    await eventually(() => expect(held).toHaveLength(1));
    expect(await shown.shownIds()).toEqual([]);
    expect(await page.locator('#history li').count()).toBe(0);
    await held[0].continue();
    await shown.cards().first().waitFor();
    expect(await shown.user().inputValue()).toBe('bob');
  });

  it('does not put back the list of a viewer whose dismissal is accepted after another was chosen', async () => {
    await shown.actAs('ada');
    await shown.cards().first().waitFor();
    const held = await shown.hold(/\/ada\/history$/);
    await shown.dismissing(0).click();
    await eventually(() => expect(held).toHaveLength(1));
    const lists: string[] = [];
    const note = (request: Request) => void (ANY_LIST.test(request.url()) && lists.push(request.url()));
    page.on('request', note);
    await shown.show('bob');
    await shown.status().filter({ hasText: IS_SHOWN }).waitFor();
    const ofBob = await shown.shownIds();
    const late = page.waitForResponse(/\/ada\/history$/);
    await held[0].continue();
    await (await late).finished();
    await page.getByRole('button', { name: 'Show more' }).click();
    await shown.cards().nth(12).waitFor();
    expect((await shown.shownIds()).slice(0, 12)).toEqual(ofBob);
    expect(lists.filter((url) => url.includes('/ada/'))).toEqual([]);
    page.off('request', note);
  });

  it('leaves both out where a second is dismissed before the list without the first has come', async () => {
    await shown.actAs('both');
    await shown.cards().first().waitFor();
    const [first, second] = await shown.shownIds();
    const held = await shown.hold(/\/v1\/events$/);
    await shown.dismissing(0).click();
    await shown.dismissing(0).click();
    await shown.dismissing(1).click();
    const bodies = () => held.map((route) => route.request().postData()!).filter((body) => body.includes('dismissal'));
    await eventually(() => expect(bodies()).toHaveLength(2));
    const [one, two] = held.filter((route) => route.request().postData()!.includes('dismissal'));
    await one.continue();
    await shown
      .status()
      .filter({ hasText: `“${titleOf(first)}” will not come back. The next list` })
      .waitFor();
    await two.continue();
    await shown
      .status()
      .filter({ hasText: `“${titleOf(second)}” will not come back. The next list` })
      .waitFor();
    expect(await shown.shownIds()).not.toContain(first);
    expect(await shown.shownIds()).not.toContain(second);
  });

  it.each(['shown', 'typed'])('keeps to the viewer who was %s before the viewers were listed', async (how) => {
    const held = await shown.hold(LIST_OF_USERS);
    const lists: string[] = [];
    const note = (request: Request) => void (ANY_LIST.test(request.url()) && lists.push(request.url()));
    await shown.open('/');
    await eventually(() => expect(held).toHaveLength(1));
    page.on('request', note);
    if (how === 'shown') {
      await shown.show('bob');
      await shown.cards().first().waitFor();
    } else await shown.user().fill('bob');
    await held[0].fulfill({ json: { users: [{ userId: 'zoe', watchCount: 3, lastEventAtMs: 0 }] } });
    await page.locator('#users option').first().waitFor({ state: 'attached' });
    expect(await shown.user().inputValue()).toBe('bob');
    expect(lists).toHaveLength(how === 'shown' ? 1 : 0);
    page.off('request', note);
  });

  it('shows the viewer of the address though the viewers cannot be listed', async () => {
    await page.route(LIST_OF_USERS, refuse);
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    expect(await shown.user().inputValue()).toBe('ada');
    expect(await shown.error().count()).toBe(0);
  });

  it('says that any viewer may be named where none is and they cannot be listed', async () => {
    await page.route(LIST_OF_USERS, refuse);
    await shown.open('/');
    await shown.error().filter({ hasText: OUT_OF_ORDER }).filter({ hasText: 'Any id can be shown' }).waitFor();
  });

  it('shows the list though the history cannot be read, and says so where the history would be', async () => {
    await page.route(ANY_HISTORY, refuse);
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    await page.locator('#history').filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await shown.cards().count()).toBe(12);
  });

  it('tries again what did not come, when told to', async () => {
    await page.route(ANY_LIST, refuse);
    await shown.open('/?user=ada');
    await shown.error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    await page.unrouteAll();
    const retry = page.getByRole('button', { name: 'Try again' });
    await retry.click();
    await shown.cards().first().waitFor();
    expect(await retry.isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.id')).toBe('list');
  });

  it('asks for the viewers again where they could not be listed, once the field is entered', async () => {
    await page.route(LIST_OF_USERS, refuse);
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    await page.unrouteAll();
    await page.route(LIST_OF_USERS, (route) =>
      route.fulfill({ json: { users: [{ userId: 'zoe', watchCount: 3, lastEventAtMs: 0 }] } }),
    );
    expect(await page.locator('#users option').count()).toBe(0);
    await shown.user().focus();
    await page.locator('#users option').first().waitFor({ state: 'attached' });
  });

  it('says that an event was accepted, whatever cannot be read afterwards', async () => {
    await shown.actAs('carol');
    await shown.cards().first().waitFor();
    const [videoId] = await shown.shownIds();
    await page.route(ANY_LIST, refuse);
    let historiesLeft = 1;
    await page.route(ANY_HISTORY, (route) => (historiesLeft-- > 0 ? refuse(route) : route.continue()));
    await shown.dismissing(0).click();
    await shown.error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await shown.status().innerText()).toContain(`“${titleOf(videoId)}” will not come back.`);
    expect(await shown.status().innerText()).toContain('was accepted');
    expect(await page.locator('#cards').getAttribute('aria-busy')).toBeNull();
  });

  it('sends a watch again as the same playback, where it is not known whether the first was taken', async () => {
    const playbacks: string[] = [];
    await page.route(/\/v1\/events$/, async (route) => {
      const [{ watch }] = route.request().postDataJSON().events;
      if (watch) playbacks.push(watch.playbackId);
      return playbacks.length === 1 ? refuse(route) : route.continue();
    });
    await shown.actAs('frida');
    for (const said of [OUT_OF_ORDER, 'The next list']) {
      await shown.cards().first().locator('.play').click();
      await page.keyboard.press('Enter');
      await shown.status().filter({ hasText: said }).waitFor();
    }
    expect(playbacks[1]).toBe(playbacks[0]);
    expect(playbacks).toHaveLength(2);
  });

  it('names the viewer of an event that failed after another was chosen', async () => {
    await shown.actAs('ada');
    await shown.cards().first().waitFor();
    const held = await shown.hold(/\/v1\/events$/);
    await shown.dismissing(0).click();
    const dismissal = () => held.find((route) => route.request().postData()!.includes('dismissal'));
    await eventually(() => expect(dismissal()).toBeDefined());
    await shown.show('bob');
    await shown.status().filter({ hasText: IS_SHOWN }).waitFor();
    await refuse(dismissal()!);
    await shown
      .error()
      .filter({ hasText: `ada: ${OUT_OF_ORDER}` })
      .waitFor();
  });

  it('says why the API is not described, and tries again when told to', async () => {
    await page.route(/openapi\.json/, refuse);
    await shown.open('/docs');
    await shown.error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('/v1/users/{id}/recommendations').waitFor();
    expect(await shown.error().count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(false);
  });

  it('leaves an error in sight and the focus where it was, where a further page does not come', async () => {
    await shown.actAs('ada');
    await shown.cards().first().waitFor();
    await page.route(ANY_LIST, refuse);
    await page.locator('#more').focus();
    await page.keyboard.press('Enter');
    await shown.error().filter({ hasText: OUT_OF_ORDER }).waitFor();
    expect(await isInSight(shown.error())).toBe(true);
    expect(await page.evaluate('document.activeElement.id')).toBe('more');
    await page.unrouteAll();
    await page.keyboard.press('Enter');
    await shown.status().filter({ hasText: '12 more' }).waitFor();
    expect(
      await shown
        .cards()
        .nth(12)
        .locator('.play')
        .evaluate((play) => play.matches(':focus')),
    ).toBe(true);
    expect(await shown.error().count()).toBe(0);
  });

  it('shows further pages of one viewer while a page of another is still awaited, and says nothing of its failure', async () => {
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    const held = await shown.hold(/\/ada\/recommendations\?.*cursor=/);
    await page.locator('#more').click();
    await eventually(() => expect(held).toHaveLength(1));
    await shown.show('bob');
    await shown.status().filter({ hasText: IS_SHOWN }).waitFor();
    await page.locator('#more').click();
    await shown.cards().nth(12).waitFor();
    const late = page.waitForResponse(/\/ada\/recommendations/);
    await refuse(held[0]);
    await (await late).finished();
    await page.locator('#more').click();
    await shown.cards().nth(24).waitFor();
    expect(await shown.error().count()).toBe(0);
  });

  it('leaves whoever types where they type when the next list comes', async () => {
    await shown.actAs('ada');
    await shown.cards().first().waitFor();
    await shown.dismissing(0).click();
    await shown.user().focus();
    await shown.status().filter({ hasText: 'The next list' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('user');
  });

  it('says that the gateway does not answer, where it keeps silent', async () => {
    // It stays with the page: those that are opened later are to keep their time.
    await page.addInitScript(
      `const limit = AbortSignal.timeout;
      if (location.search === '?user=gil') AbortSignal.timeout = () => limit.call(AbortSignal, 300)`,
    );
    await shown.hold(/\/gil\/recommendations/);
    await shown.open('/?user=gil');
    await shown.error().filter({ hasText: 'has not answered for 15 s' }).waitFor();
  });

  it('says what an error is looked up by in the logs', async () => {
    await page.route(ANY_LIST, (route) => {
      const headers = { ...route.request().headers(), 'x-request-id': 'of-this-spec' };
      return route.continue({ url: route.request().url().replace('limit=12', 'limit=0'), headers });
    });
    await shown.open('/?user=ada');
    await shown.error().filter({ hasText: 'must be 1 or more (invalid-argument, request of-this-spec)' }).waitFor();
  });

  it('asks to sign in again where the token is not the one any more', async () => {
    const message = 'the console needs its token, as a bearer';
    const json = { error: { code: 'unauthorized', message, field: 'authorization', requestId: '' } };
    await page.route(ANY_LIST, (route) => route.fulfill({ status: 401, json }));
    await shown.open('/?user=ada');
    await shown.error().filter({ hasText: 'reload the page to sign in' }).waitFor();
  });

  it('asks for an id that is more than blanks', async () => {
    await shown.open('/?user=ada');
    await shown.cards().first().waitFor();
    await shown.show('   ');
    expect(await shown.user().evaluate((input) => input.matches(':invalid'))).toBe(true);
    expect(page.url()).toMatch(/user=ada$/);
    expect(await shown.cards().count()).toBe(12);
  });
});
