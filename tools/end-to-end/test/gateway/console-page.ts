/** The console page in a real browser, over a small real world with a collector: for the specs of the page. */
import { existsSync } from 'node:fs';
import { loadConfig } from '@watchnext/config';
import { chromium, type Page } from 'playwright-core';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { FIRST_SNAPSHOT, type TestGateway, World } from './world';

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

/** Skips the specs, and says so by name, where there is no Chromium. */
export function describeInBrowser(name: string, specs: () => void): void {
  if (executablePath === undefined) describe.skip(`${name} (no Chromium found: set WATCHNEXT_CHROMIUM)`, specs);
  else describe(name, specs);
}

export interface OpenConsole {
  readonly world: World;
  readonly gateway: TestGateway;
  readonly page: Page;
  close(): Promise<void>;
}

/** Every service of the page runs, and an empty page is open; @throws where the browser does not start. */
export async function openConsole(): Promise<OpenConsole> {
  const world = await World.create();
  try {
    await world.publish(FIRST_SNAPSHOT);
    const ingestion = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_INGESTION_ROLES: 'collect,materialise',
        WATCHNEXT_LOG_LEVEL: 'silent',
      }),
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
    const close = async () => {
      await browser.close();
      await world.close();
    };
    return { world, gateway, page, close };
  } catch (error) {
    await world.close();
    throw error;
  }
}
