import { CollectorClient } from '@watchnext/clients';
import { sentEvents } from '../fill-stores';
import { sendEvents } from '../http';
import { commonEnvironment, type DevApp, HOST } from './scene';

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
        await new CollectorClient(url).drained();
        say('all folded into states, all archived');
        return { askedCount: events.length, sameCount: accepted };
      },
    };
  },
};
