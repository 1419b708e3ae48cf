import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram } from './child-program';
import { eventually } from '@watchnext/waiting/testing';
import { FaultProxy } from './fault-proxy';

describe('FaultProxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  const sockets: Socket[] = [];

  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    const client = { socket, text: '', error: undefined as NodeJS.ErrnoException | undefined };
    sockets.push(socket);
    socket.on('data', (chunk: Buffer) => (client.text += chunk.toString()));
    socket.on('error', (error) => (client.error = error));
    // Where it is refused, the reset may be seen before the connection.
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    return client;
  };

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await FaultProxy.start((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.stop();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('passes bytes on in both directions, and the end of a stream', async () => {
    const client = await open();
    const text = 'x'.repeat(1_000_000);
    client.socket.end(text);
    await once(client.socket, 'close');
    expect(client.text).toBe(text);
    await eventually(() => expect(proxy.connectionCount).toBe(0));
  });

  it('delays one direction', async () => {
    proxy.set({ downstream: { delayMs: 150 } });
    const client = await open();
    const startMs = Date.now();
    client.socket.write('late');
    await eventually(() => expect(client.text).toBe('late'));
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(150);
  });

  it('limits the bytes a second', async () => {
    proxy.set({ upstream: { bytesPerSecond: 100_000 } });
    const client = await open();
    const startMs = Date.now();
    client.socket.write('y'.repeat(30_000));
    await eventually(() => expect(client.text).toHaveLength(30_000));
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(250);
  });

  it('hangs with the connection open, and loses nothing when it is healed', async () => {
    const client = await open();
    proxy.set({ downstream: { hang: true } });
    client.socket.write('held');
    await sleep(100);
    expect(client.text).toBe('');
    expect(client.error).toBeUndefined();
    proxy.set({});
    await eventually(() => expect(client.text).toBe('held'));
  });

  it('forgets open connections for good, and takes new ones', async () => {
    const client = await open();
    client.socket.write('a');
    await eventually(() => expect(client.text).toBe('a'));
    proxy.forget();
    client.socket.write('b');
    const second = await open();
    second.socket.write('c');
    await eventually(() => expect(second.text).toBe('c'));
    expect(client.text).toBe('a');
    expect(client.error).toBeUndefined();
  });

  it('resets open connections, and takes new ones', async () => {
    const client = await open();
    client.socket.write('a');
    await eventually(() => expect(client.text).toBe('a'));
    proxy.reset();
    await eventually(() => expect(client.error?.code).toBe('ECONNRESET'));
    const second = await open();
    second.socket.write('b');
    await eventually(() => expect(second.text).toBe('b'));
  });

  it('keeps no process from ending after it has reset a connection that was just ending', async () => {
    const program = ChildProgram.start<{ kind: 'closed' }>(
      join(__dirname, '..', 'test', 'processes', 'proxy-that-ends.ts'),
    );
    try {
      await program.has('closed');
      await eventually(() => expect(program.process.exitCode).toBe(0));
    } finally {
      await program.kill();
    }
  });

  it('refuses new connections and leaves the others alone', async () => {
    const client = await open();
    client.socket.write('a');
    await eventually(() => expect(client.text).toBe('a'));
    proxy.set({ refuse: true });
    const refused = await open();
    await eventually(() => expect(refused.error?.code).toBe('ECONNRESET'));
    client.socket.write('b');
    await eventually(() => expect(client.text).toBe('ab'));
  });
});
