import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventOf, searchOf } from '@watchnext/testing';
import { openProducer } from './producer';

describe("the launcher's producer", () => {
  let server: Server;
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['says that tries fail for longer than they may, and goes on', 0],
    ['says nothing of a try that failed and passes', undefined],
  ])('%s', async (_, silentMs) => {
    let tries = 0;
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        const answer =
          ++tries === 1
            ? ([401, { error: { code: 'unauthenticated', message: 'an x-api-key is needed' } }] as const)
            : ([200, { results: [{ index: 0, status: 'accepted' }] }] as const);
        response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    let warned = '';
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const producer = openProducer(url, 'spec', (line) => (warned += line), silentMs);
    await producer.send(eventOf(searchOf('anna', 'cats'), Date.now()));
    await producer.flush();
    await producer.close();
    expect(tries).toBe(2);
    const line = `the collector at ${url}: events could not be delivered: HTTP 401 an x-api-key is needed; it is tried again\n`;
    expect(warned).toBe(silentMs === undefined ? '' : line);
  });
});
