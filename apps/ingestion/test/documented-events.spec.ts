/** What documents send from a shell, as it stands there: `curl` alone is left out, and what it would send is sent here. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { impressionIdOf } from '@watchnext/contract';
import type { RunningHttpService } from '@watchnext/service';
import { temporaryDirectory } from '@watchnext/testing';
import { ingestionSettings } from '../src/config';
import { startIngestion } from '../src/start';
import { quiet } from './harness';

interface Sent {
  readonly eventId: string;
  readonly backfill?: boolean;
  readonly watch?: { readonly impressionId?: string };
  readonly impressionsViewed?: { readonly requestId: string; readonly impressionIds: readonly string[] };
}

const read = (path: string) => readFileSync(join(__dirname, '../../..', path), 'utf8');

/** @returns the body that the document's first call of `curl` on /v1/events would send */
function bodyIn(text: string): string {
  const block = blocksOf(text, 'sh').find((shell) => /^curl .*\/v1\/events/m.test(shell));
  return execFileSync('bash', ['-euc', `curl() { cat; }\nCOLLECTOR= KEY=\n${block}`], { encoding: 'utf8' });
}

const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, block]) => block);

describe('events as documents send them', () => {
  const producers = read('docs/producers.md');
  let directory: { path: string; remove(): Promise<void> };
  let running: RunningHttpService;

  beforeAll(async () => {
    directory = await temporaryDirectory('documented-events');
    running = await startIngestion(
      ingestionSettings.parse({
        WATCHNEXT_DATA_DIR: directory.path,
        WATCHNEXT_HTTP_PORT: '0',
      }),
      quiet,
    );
  });
  afterAll(async () => {
    await running.app.close();
    await directory.remove();
  });

  const send = async (body: string): Promise<object> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${running.port}/v1/events`, { method: 'POST', body, headers });
    return (await response.json()) as object;
  };
  const eventsIn = (body: string) => (JSON.parse(body) as { events: Sent[] }).events;

  it('are answered as the page for producers says', async () => {
    const [told] = blocksOf(producers, 'json').filter((block) => block.includes('"results"'));
    const body = bodyIn(producers);
    const ids = eventsIn(body).map(({ eventId }) => eventId);
    const results = (JSON.parse(told) as { results: object[] }).results.map((result, n) => ({
      ...result,
      eventId: ids[n],
    }));
    expect(await send(body)).toEqual({ ...(JSON.parse(told) as object), results });
    expect(new Set(ids).size).toBe(results.length);
  });

  it('name impressions as the gateway does', () => {
    const [{ impressionsViewed }, { watch }] = eventsIn(bodyIn(producers));
    const { requestId, impressionIds } = impressionsViewed!;
    expect(impressionIds).toEqual([impressionIdOf(requestId, 0)]);
    expect(watch!.impressionId).toBe(impressionIds[0]);
  });

  it('are live and accepted in the README', async () => {
    const body = bodyIn(read('README.md'));
    expect(await send(body)).toMatchObject({ accepted: 1 });
    expect(eventsIn(body)[0].backfill).toBeUndefined();
  });
});
