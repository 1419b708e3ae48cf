import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readMetric } from './metrics';

const TEXT = `# HELP searches_total Searches, by kind.
# TYPE searches_total counter
searches_total{kind="exact"} 3
searches_total{kind="graph"} 4.5
searches_total_other 100
ready 1
`;

describe('a metric', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(({ url: path }, response) =>
      path === '/metrics' ? response.end(TEXT) : response.writeHead(503).end('not-ready'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['searches_total', 7.5],
    ['ready', 1],
    ['unheard_of', 0],
  ])('%s is read as %d, over all its series', async (name, value) => expect(await readMetric(url, name)).toBe(value));

  it('is not 0 where the service answers with an error', async () => {
    await expect(readMetric(`${url}/elsewhere`, 'ready')).rejects.toMatchObject({
      ...{ name: 'AnswerError', status: 503, message: 'GET /metrics answered 503: not-ready' },
    });
  });
});
