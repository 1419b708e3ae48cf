import { setTimeout as sleep } from 'node:timers/promises';
import { sentEvents } from '../fill-stores';
import { sendEvents } from '../http';
import { commonEnvironment, type DevApp, HOST } from './scene';

const WAIT_MS = 60_000;

export const ingestionApp: DevApp = {
  name: 'ingestion',
  summary: 'on empty stores, sent the events that were sent when it was recorded',
  defaultPort: 7001,
  neighbours: [],
  async prepare(options) {
    const { folder, port } = options;
    const url = `http://${HOST}:${port}`;
    return {
      environment: {
        ...commonEnvironment(options),
        WATCHNEXT_HTTP_PORT: String(port),
        WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '1',
      },
      neighbours: [],
      hints: [`${url}/openapi.json`, `curl -s ${url}/v1/lag`],
      async replay(say) {
        const events = await sentEvents(folder);
        let accepted = 0;
        for (const { status, answer } of await sendEvents(url, events)) {
          const { accepted: taken, results } = answer as { accepted: number; results: { status: string }[] };
          accepted += taken;
          say(`${status}: accepted ${taken} of ${results.length}`);
          results
            .filter((result) => result.status !== 'accepted')
            .forEach((result) => say(`  ${JSON.stringify(result)}`));
        }
        await drained(url, say);
        return { askedCount: events.length, sameCount: accepted };
      },
    };
  },
};

/** Until every event is in the states and in the archive. */
async function drained(url: string, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const lag = (await (await fetch(`${url}/v1/lag`)).json()) as { materialised: number; archived: number };
    if (lag.materialised === 0 && lag.archived === 0) return say('all folded into states, all archived');
    if (Date.now() > deadline) throw new Error(`after ${WAIT_MS / 1_000} s the lag is ${JSON.stringify(lag)}`);
    await sleep(100);
  }
}
