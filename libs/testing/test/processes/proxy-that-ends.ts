/** Resets a connection of a fault proxy that is just ending, closes everything, and should then end by itself. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from '../../src/fault-proxy';

async function main(): Promise<void> {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const proxy = await FaultProxy.start((echo.address() as AddressInfo).port);
  proxy.set({ upstream: { hang: true } });
  const client = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  await once(client, 'connect');
  client.end();
  // Until the proxy has seen the end, which it holds back.
  await sleep(200);
  proxy.set({});
  proxy.reset();
  client.destroy();
  await proxy.stop();
  echo.close();
  process.send?.({ kind: 'closed' });
  process.disconnect?.();
}

void main();
