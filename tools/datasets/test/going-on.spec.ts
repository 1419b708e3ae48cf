/** An import through a collector that is killed with SIGKILL in the middle, and run again. Needs the build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { EventBatch } from '@watchnext/contract';
import { eventually, temporaryDirectory } from '@watchnext/testing';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
/** What an importer sends between two notes of how far it is. */
const FLUSH = 5_000;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: Server;
let takenCount: number;
/** From then on it answers nobody. */
let silentAfter: number;
beforeEach(async () => {
  folder = await temporaryDirectory('going-on');
  takenCount = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (takenCount >= silentAfter) return;
      const { events } = EventBatch.decode(Buffer.concat(chunks));
      takenCount += events.length;
      const results = events.map((_, index) => ({ index, status: 'accepted' }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const items = Array.from({ length: 60 }, (_, i) => `v${i}`).join(' ');
  writeFileSync(join(folder.path, 'log.tsv'), Array.from({ length: 60 }, (_, i) => `u${i}\t${items}\n`).join(''));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await folder.remove();
});

function start(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; text: string }> } {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [MAIN, 'sequences', 'log.tsv', '--url', url, ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, text })) };
}

it.each([
  ['goes on, says so and counts what it sends', [], 2_260],
  ['sends all with --anew', ['--anew'], 7_260],
])('an import that is killed %s', async (_, args, sentCount) => {
  silentAfter = FLUSH;
  const { child, ended } = start();
  const work = join(folder.path, '.watchnext-import');
  const isNoted = () =>
    existsSync(work) && readdirSync(work, { recursive: true }).some((name) => /sent-[0-9a-f]+$/.test(String(name)));
  await eventually(() => child.exitCode !== null || isNoted(), 'a note of what was sent');
  child.kill('SIGKILL');
  await ended;
  expect(takenCount).toBe(FLUSH);

  silentAfter = Infinity;
  const { code, text } = await start(...args).ended;
  expect(code).toBe(0);
  expect(takenCount - FLUSH).toBe(sentCount);
  expect(text).toContain(`Sending: ${sentCount.toLocaleString('en-US')} events in`);
  const goingOn = 'Going on after 5,000 events, which the collector has taken before; --anew sends all.\n';
  if (args.length === 0) expect(text).toContain(goingOn);
  else expect(text).not.toContain('Going on');
});
