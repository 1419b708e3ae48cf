/**
 * The program of the load's own process. Open loop: requests are sent when they are due, whatever becomes of those before,
 * over as many connections as that takes, which are kept.
 */
import { Agent, get, type IncomingMessage } from 'node:http';
import { createRandom } from '@watchnext/learning';
import { type LoadJob, type LoadMessage, type LoadResult, NO_RUNG, RUNGS } from './load-job';
import { poissonArrivals } from './poisson';

/** A request that is not answered by then never will be. */
const GIVE_UP_MS = 20_000;
const PROGRESS_MS = 2_000;

interface Answer {
  readonly status: number;
  readonly head: Head;
  readonly serverTiming: string;
}

interface Head {
  readonly rung: number;
  readonly snapshotId: string | undefined;
}

/** Rung and snapshot from the text of an answer, which a parse of its items would only delay. */
function headOf(text: string): Head {
  const rung = /"rung":"([a-z-]+)"/.exec(text)?.[1];
  const place = RUNGS.indexOf(rung as (typeof RUNGS)[number]);
  const isList = text.includes('"videoId"');
  return { rung: place < 0 || !isList ? NO_RUNG : place, snapshotId: /"snapshotId":"([^"]+)"/.exec(text)?.[1] };
}

function ask(url: string, agent: Agent): Promise<Answer> {
  const none = { status: 0, head: { rung: NO_RUNG, snapshotId: undefined }, serverTiming: '' };
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: GIVE_UP_MS }, (response: IncomingMessage) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => resolve(none));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          head: headOf(Buffer.concat(parts).toString('latin1')),
          serverTiming: String(response.headers['server-timing'] ?? ''),
        }),
      );
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(none));
  });
}

async function run(job: LoadJob): Promise<LoadResult> {
  const random = createRandom(job.seed);
  const dueMs = poissonArrivals(job.perSecond, job.seconds, random.fork('arrivals'));
  const who = random.fork('users');
  const count = dueMs.length;
  const latencyMs = new Float64Array(count);
  const statuses = new Uint16Array(count);
  const rungs = new Uint8Array(count).fill(NO_RUNG);
  const snapshots = new Int32Array(count).fill(-1);
  const snapshotIds: string[] = [];
  const serverTimings = new Array<string>(count).fill('');
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'lifo' });
  let [answered, failed, largestSendDelayMs] = [0, 0, 0];
  const startedAtMs = Date.now();
  const startedAt = performance.now();
  const sendOne = async (index: number) => {
    const user = who.nextInt(job.userCount);
    const url = `${job.gatewayUrl}/v1/users/viewer-${user}/recommendations?limit=${job.limit}&surface=home&device=phone`;
    const { status, head, serverTiming } = await ask(url, agent);
    latencyMs[index] = performance.now() - startedAt - dueMs[index]!;
    statuses[index] = status;
    rungs[index] = head.rung;
    serverTimings[index] = serverTiming;
    if (head.snapshotId !== undefined) {
      const place = snapshotIds.indexOf(head.snapshotId);
      snapshots[index] = place < 0 ? snapshotIds.push(head.snapshotId) - 1 : place;
    }
    answered++;
    if (status !== 200 && status !== 429) failed++;
  };
  const tell = setInterval(() => send({ kind: 'progress', answered, failed }), PROGRESS_MS);
  const sent: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const sendDue = () => {
      for (;;) {
        const index = sent.length;
        if (index === count) return resolve();
        const waitMs = dueMs[index]! - (performance.now() - startedAt);
        // Up to a millisecond late, and counted as latency: to wait for it in turns would take a core from the services.
        if (waitMs > 0) return void setTimeout(sendDue, waitMs);
        largestSendDelayMs = Math.max(largestSendDelayMs, -waitMs);
        sent.push(sendOne(index));
      }
    };
    sendDue();
  });
  await Promise.all(sent);
  clearInterval(tell);
  agent.destroy();
  return { startedAtMs, dueMs, latencyMs, statuses, rungs, snapshots, snapshotIds, serverTimings, largestSendDelayMs };
}

const send = (message: LoadMessage) => process.send?.(message);

process.on('message', (job: LoadJob) => {
  void run(job).then((result) => send({ kind: 'done', result }));
});
// Whoever asked for the load is gone: nobody would stop it.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the bench ends this process when its time has come.
process.on('SIGINT', () => undefined);
