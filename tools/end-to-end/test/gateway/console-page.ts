/** The console page in a real browser, over a small real world with a collector: for the specs of the page. */
import { existsSync } from 'node:fs';
import { loadConfig } from '@watchnext/config';
import { describeUnlessMissing } from '@watchnext/testing';
import { type Browser, chromium, type Page, type Route } from 'playwright-core';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { type Answer, FIRST_SNAPSHOT, silent, type TestGateway, VIDEOS, World } from './world';

const CHROMIUM_PATHS = [
  process.env['WATCHNEXT_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** A browser and five services share the cores with other specs. */
const BROWSER_LIMIT_MS = 90_000;

const executablePath = CHROMIUM_PATHS.find((path) => path !== undefined && path !== '' && existsSync(path));

/** How long the page waits until what was sent is in the viewer's state. */
const FOLD_WAIT = 'FOLD_WAIT_MS = 4_000;';

const MISSING = executablePath === undefined ? ['Chromium (set WATCHNEXT_CHROMIUM)'] : [];

/**
 * Specs on one console, opened before them and closed after; where there is no Chromium they are skipped by its name, and fail
 * under CI=true.
 *
 * @param onOpen is given the console before the first of them
 */
export function describeInBrowser(name: string, onOpen: (opened: OpenConsole) => void, specs: () => void): void {
  describeUnlessMissing(MISSING, name, () => {
    let opened: OpenConsole | undefined;
    beforeAll(async () => onOpen((opened = await openConsole())));
    afterEach(() => opened?.page.unrouteAll({ behavior: 'ignoreErrors' }));
    afterAll(() => opened?.close());
    specs();
  });
}

export const ANY_HISTORY = /\/history$/;
export const ANY_LIST = /\/recommendations\?/;

export const titleOf = (videoId: string) => VIDEOS.find((video) => video.videoId === videoId)!.title;

/** An open page, and what specs look at and do on it. */
export class OpenConsole {
  constructor(
    readonly world: World,
    readonly gateway: TestGateway,
    readonly page: Page,
    private readonly browser: Browser,
  ) {}

  readonly cards = () => this.page.locator('#cards > li[data-video-id]');
  readonly shownIds = () =>
    this.cards().evaluateAll((items) =>
      items.map((item) => (item as unknown as { dataset: { videoId: string } }).dataset.videoId),
    );
  readonly status = () => this.page.locator('#status');
  readonly error = () => this.page.locator('#status.error');
  readonly user = () => this.page.locator('#user');
  readonly dismissing = (place: number) =>
    this.cards()
      .nth(place)
      .getByRole('button', { name: /Not interested/ });

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.gateway.url}${path}`);
  }

  /** Opens the page of a viewer, and acts as them. */
  async actAs(userId: string): Promise<void> {
    await this.open(`/?user=${userId}`);
    await this.act();
  }

  readonly actSwitch = () => this.page.getByRole('switch', { name: 'Act as this viewer' });

  /** Acts as the viewer on screen, once their list is of that. */
  async act(): Promise<void> {
    await this.actSwitch().check();
    await this.cards().first().locator('.play:enabled').waitFor();
  }

  async show(userId: string): Promise<void> {
    await this.user().fill(userId);
    await this.user().press('Enter');
  }

  /** Requests that wait until they are told to go on. */
  async hold(url: RegExp): Promise<Route[]> {
    const held: Route[] = [];
    await this.page.route(url, async (route) => void held.push(route));
    return held;
  }

  /** Lists come from the gateway, but for what `change` makes of an answer. */
  async changeLists(change: (answer: Answer['body'], url: string) => void): Promise<void> {
    await this.page.route(ANY_LIST, async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      change(json, route.request().url());
      await route.fulfill({ response, json });
    });
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.world.close();
  }
}

/** Every service of the page runs, and an empty page is open; @throws where the browser does not start. */
async function openConsole(): Promise<OpenConsole> {
  const world = await World.create();
  try {
    await world.publish(FIRST_SNAPSHOT);
    const ingestion = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_INGESTION_ROLES: 'collect,materialise',
      }),
      silent,
    );
    world.closing(ingestion.app);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    const gateway = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${ingestion.port}` });
    const browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox'],
      timeout: BROWSER_LIMIT_MS,
    });
    const page = await browser.newPage({
      viewport: { width: 1360, height: 900 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(BROWSER_LIMIT_MS);
    // Not given up on a busy machine; `unrouteAll` of the page leaves it in place.
    await page.context().route('**/js/app.js', async (route) => {
      const response = await route.fetch();
      const script = await response.text();
      if (!script.includes(FOLD_WAIT)) throw new Error(`app.js has no ${FOLD_WAIT}`);
      await route.fulfill({ response, body: script.replace(FOLD_WAIT, 'FOLD_WAIT_MS = 600_000;') });
    });
    return new OpenConsole(world, gateway, page, browser);
  } catch (error) {
    await world.close();
    throw error;
  }
}
