import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { isToken } from '../../../../apps/gateway/src/http/console-guard';
import { type TestGateway, World } from './world';

const TOKEN = 'a-token-of-some-length';
const CONSOLE = [
  '/',
  '/js/app.js',
  '/docs',
  '/v1/users',
  '/v1/users/ada/history',
  '/v1/snapshot',
  '/v1/users/ada/recommendations?explain=true',
  '/v1/users/ada/recommendations?preview=true',
];
const PUBLIC = ['/livez', '/readyz', '/metrics', '/openapi.json', '/v1/videos/v00', '/v1/users/ada/recommendations'];

describe('the console', () => {
  let world: World;
  let gateway: TestGateway;
  let path: string;
  const status = async (address: string, headers: Record<string, string> = {}) =>
    (await fetch(`${gateway.url}${address}`, { headers })).status;
  const signIn = (body: string) =>
    fetch(`${gateway.url}/console/sign-in`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      redirect: 'manual',
    });

  beforeAll(async () => {
    world = await World.create();
    path = join(await world.temporaryDirectory(), 'token');
    await writeFile(path, `${TOKEN}\n`);
    gateway = await world.startGateway({ WATCHNEXT_CONSOLE: 'token', WATCHNEXT_CONSOLE_TOKEN_FILE: path });
  });
  afterAll(() => world.close());

  it.each(CONSOLE)('asks for its token at %s', async (address) => {
    expect(await status(address)).toBe(401);
    expect(await status(address, { authorization: `Bearer ${TOKEN}x` })).toBe(401);
    expect(await status(address, { authorization: `Bearer ${TOKEN.slice(1)}` })).toBe(401);
    expect([200, 404]).toContain(await status(address, { authorization: `Bearer ${TOKEN}` }));
  });

  it.each(PUBLIC)('leaves %s to everyone', async (address) => {
    expect(await status(address)).toBe(200);
  });

  it('lets a browser sign in, and keeps the token where no script sees it', async () => {
    const page = await fetch(`${gateway.url}/`);
    expect([page.status, await page.text()]).toEqual([401, expect.stringContaining('action="/console/sign-in"')]);
    const wrong = await signIn('token=guess');
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.stringContaining('not the token')]);
    const signedIn = await signIn(new URLSearchParams({ token: TOKEN }).toString());
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/']);
    const cookie = signedIn.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^watchnext-console=[^,]*; SameSite=Strict; HttpOnly/);
    expect(await status('/v1/users', { cookie: cookie.split(';')[0]! })).toBe(200);
    expect(await status('/v1/users', { cookie: 'watchnext-console=%' })).toBe(401);
  });

  it.each(['/?user=ada', '/docs', '/?user=%22%3E%3Cscript%3E&x=1'])(
    'goes on to %s after signing in there',
    async (address) => {
      const asked = await (await fetch(`${gateway.url}${address}`)).text();
      const next = /name="next" value="([^"]*)"/
        .exec(asked)?.[1]
        ?.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
      expect(next).toBe(address);
      const wrong = await (await signIn(new URLSearchParams({ token: 'guess', next: address }).toString())).text();
      expect(wrong).toContain(/name="next" value="[^"]*"/.exec(asked)![0]);
      const signedIn = await signIn(new URLSearchParams({ token: TOKEN, next: address }).toString());
      expect(signedIn.headers.get('location')).toBe(address);
    },
  );

  it.each([
    '//evil.example/',
    '/\\evil.example',
    '/.//evil.example',
    'https://evil.example/',
    'javascript:x',
    'http://[',
    '/v1/users',
    '',
  ])('goes on to the page, not to %s', async (next) => {
    const signedIn = await signIn(new URLSearchParams({ token: TOKEN, next }).toString());
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/']);
  });

  it('signs out', async () => {
    const signedOut = await fetch(`${gateway.url}/console/sign-out`, { method: 'POST' });
    expect(signedOut.status).toBe(204);
    const cookies = signedOut.headers.getSetCookie();
    expect(cookies.map((one) => one.split('=')[0])).toEqual(['watchnext-console', 'watchnext-console-signed-in']);
    for (const cookie of cookies) expect(cookie).toMatch(/=; Max-Age=0; Path=\//);
  });

  it('takes a token that was changed from the next request on', async () => {
    await writeFile(path, 'another-token-of-some-length');
    expect(await status('/v1/users', { authorization: `Bearer ${TOKEN}` })).toBe(401);
    expect(await status('/v1/users', { authorization: 'Bearer another-token-of-some-length' })).toBe(200);
  });

  it.each([
    ['there is no token', {}],
    ['its token is short', { WATCHNEXT_CONSOLE_TOKEN_FILE: 'short' }],
  ])('is shut where %s, and says what to do', async (_, environment: Record<string, string>) => {
    const short = join(await world.temporaryDirectory(), 'token');
    await writeFile(short, 'short');
    const named: Record<string, string> = environment['WATCHNEXT_CONSOLE_TOKEN_FILE']
      ? { WATCHNEXT_CONSOLE_TOKEN_FILE: short }
      : {};
    const shut = await world.startGateway({ WATCHNEXT_CONSOLE: 'token', ...named });
    for (const authorization of ['Bearer short', 'Bearer ', '']) {
      const { status: answered, body } = await shut.get('/v1/users', authorization ? { authorization } : {});
      expect([answered, body.error.message]).toEqual([403, expect.stringContaining('WATCHNEXT_CONSOLE_TOKEN_FILE')]);
    }
  });

  it('says why it is shut where the file of its token cannot be read', async () => {
    const missing = join(await world.temporaryDirectory(), 'missing');
    const shut = await world.startGateway({ WATCHNEXT_CONSOLE: 'token', WATCHNEXT_CONSOLE_TOKEN_FILE: missing });
    const { status: answered, body } = await shut.get('/v1/users', { authorization: 'Bearer x' });
    expect([answered, body.error.message]).toEqual([403, expect.stringContaining('cannot be read (ENOENT)')]);
    expect(body.error.message).not.toContain(missing);
  });

  describe('that is open', () => {
    let port: string;
    beforeAll(async () => {
      ({ port } = new URL((await world.startGateway({ WATCHNEXT_CONSOLE: 'open' })).url));
    });
    /** As a browser asks whose name was led to this machine: `fetch` names the host itself. */
    const statusAs = (host: string, path: string, method = 'GET', headers: Record<string, string> = {}, at = port) =>
      new Promise<number>((resolve, reject) => {
        request({ host: '127.0.0.1', port: at, path, method, headers: { ...headers, host } }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode!));
        })
          .on('error', reject)
          .end();
      });

    it.each(CONSOLE)('answers at %s to localhost and addresses, and to no name', async (address) => {
      const hosts = ['localhost', '127.0.0.1', '[::1]', '192.168.0.7'];
      for (const host of hosts) expect([200, 404]).toContain(await statusAs(`${host}:${port}`, address));
      for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'not a name'])
        expect([host, await statusAs(host, address)]).toEqual([host, 421]);
    });

    it('takes events from programs under any name, and from no page under a name', async () => {
      const post = (host: string, headers = {}) =>
        statusAs(host, '/v1/events', 'POST', { 'content-type': 'application/json', ...headers });
      expect(await post('gateway.example')).not.toBe(421);
      expect(await post(`localhost:${port}`, { origin: `http://localhost:${port}` })).not.toBe(421);
      expect(await post(`evil.example:${port}`, { origin: `http://evil.example:${port}` })).toBe(421);
      expect(await post(`evil.example:${port}`, { origin: 'null' })).toBe(421);
    });

    it.each(PUBLIC)('gives %s to no page under a name, where only this machine asks', async (address) => {
      for (const host of ['localhost', '127.0.0.1'])
        expect([host, await statusAs(`${host}:${port}`, address)]).toEqual([host, 200]);
      for (const method of ['GET', 'HEAD'])
        expect([method, await statusAs(`evil.example:${port}`, address, method)]).toEqual([method, 421]);
    });

    describe('to other machines as well', () => {
      let everywhere: string;
      beforeAll(async () => {
        const gateway = await world.startGateway({ WATCHNEXT_CONSOLE: 'open', WATCHNEXT_HOST: '0.0.0.0' });
        ({ port: everywhere } = new URL(gateway.url));
      });

      it.each(PUBLIC)('leaves %s to every name', async (address) => {
        expect(await statusAs('gateway.example', address, 'GET', {}, everywhere)).toBe(200);
      });

      it('answers at what is the console’s to no name', async () => {
        expect(await statusAs('gateway.example', '/v1/users', 'GET', {}, everywhere)).toBe(421);
      });
    });
  });
});

describe('isToken', () => {
  it('is true of the token alone', () => {
    expect(isToken(TOKEN, TOKEN)).toBe(true);
    for (const other of [undefined, '', `${TOKEN} `, TOKEN.toUpperCase()]) expect(isToken(other, TOKEN)).toBe(false);
    expect(isToken(undefined, '')).toBe(false);
  });
});
