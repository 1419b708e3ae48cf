/** A roll-out as callers see it: connections that they keep go on to a collector that was told to stop, new ones to its successor. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Event } from '@watchnext/contract';
import { ChildProgram, eventOf, eventually, temporaryDirectory, watchOf } from '@watchnext/testing';
import { type Ready, startMain } from './harness';

const CALLERS = 4;

describe('a collector that is told to stop', () => {
  let directory: { readonly path: string; remove(): Promise<void> };
  const programs: ChildProgram<Ready>[] = [];
  beforeAll(async () => (directory = await temporaryDirectory('roll-out')));
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await directory.remove();
  });

  it('fails no request on the connections that callers keep, and ends with 0', async () => {
    const [leaving, successor] = await Promise.all([startMain(directory.path), startMain(directory.path)]);
    programs.push(leaving.program, successor.program);
    let balancedTo = leaving.url;
    // As kube-proxy chooses: by the connection.
    const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
    agent.createConnection = () => connect(Number(new URL(balancedTo).port), '127.0.0.1').setNoDelay();
    let count = 0;
    const post = () =>
      new Promise<string>((resolve, reject) => {
        const event = eventOf(watchOf('u1', 'v1', { playbackId: `p${(count += 1)}` }), Date.now());
        const body = JSON.stringify({ events: [Event.toJSON(event)] });
        const headers = { 'content-type': 'application/json' };
        request(`${leaving.url}/v1/events`, { agent, method: 'POST', headers }, (answer) => {
          text(answer).then((said) => resolve(`${answer.statusCode} ${said}`), reject);
        })
          .on('error', reject)
          .end(body);
      });

    const failures: string[] = [];
    let isOver = false;
    const callers = Array.from({ length: CALLERS }, async () => {
      while (!isOver) {
        const answer = await post().catch((error: Error) => error.message);
        if (!answer.startsWith('200')) failures.push(answer);
      }
    });
    await eventually(() => expect(count).toBeGreaterThan(10 * CALLERS));
    balancedTo = successor.url;
    expect(await leaving.program.kill('SIGTERM')).toBe(0);
    const atEnd = count;
    await eventually(() => expect(count).toBeGreaterThan(atEnd + 10 * CALLERS));
    isOver = true;
    await Promise.all(callers);
    agent.destroy();
    expect(failures).toEqual([]);
  });
});
