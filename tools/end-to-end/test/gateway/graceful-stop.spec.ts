/** Each service as a process, told to stop (SIGTERM) amid a request: it answers it, is not ready meanwhile, and ends with 0. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  RankRequest,
  RankResponse,
  RetrievalServiceService,
  RetrieveRequest,
  type RetrieveResponse,
  RetrieveResponse as RetrieveResponseMessage,
} from '@watchnext/contract';
import { newState } from '@watchnext/features';
import { freePorts } from '@watchnext/local-stack';
import { ChildProgram, eventually } from '@watchnext/testing';
import { FIRST_SNAPSHOT, freePort, PARTITIONS, VIDEOS, World } from './world';

const LIMIT_MS = 120_000;
const context = {
  requestedAtMs: 1_790_000_000_000,
  surface: 'home',
  country: 'SE',
  device: 'phone',
  loggedIn: true,
  seedVideoId: '',
};
const state = newState('u1');

/** A unary call whose message has come by half: a request in flight for as long as the spec wants. */
async function halfSent(port: number, path: string, message: Uint8Array) {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'connect');
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const framed = Buffer.concat([prefix, message]);
  const half = framed.length >> 1;
  const body: Buffer[] = [];
  let grpcStatus: unknown;
  stream.on('data', (chunk: Buffer) => body.push(chunk));
  stream.on('response', (headers) => (grpcStatus = headers['grpc-status'] ?? grpcStatus));
  stream.on('trailers', (trailers) => (grpcStatus = trailers['grpc-status']));
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('close', resolve);
    stream.once('error', reject);
    session.once('error', reject);
  });
  stream.write(framed.subarray(0, half));
  // What was written before it has come when a ping is answered.
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  return {
    answer: async () => {
      stream.end(framed.subarray(half));
      await ended;
      session.close();
      return { grpcStatus, message: Buffer.concat(body).subarray(5) };
    },
  };
}

describe('a service that is told to stop amid a request', () => {
  let world: World;
  const programs: ChildProgram<{ kind: 'ready' }>[] = [];
  beforeAll(async () => {
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
  }, LIMIT_MS);
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await world.close();
  });

  const start = async (app: string, environment: Record<string, string>) => {
    const main = join(__dirname, '..', '..', '..', '..', 'apps', app, 'src', 'main.ts');
    const program = ChildProgram.start<{ kind: 'ready' }>(main, [], {
      WATCHNEXT_DATA_DIR: world.dataDirectory,
      WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
      WATCHNEXT_LOG_FORMAT: 'json',
      ...environment,
    });
    programs.push(program);
    await Promise.race([
      program.has('ready'),
      new Promise((_, reject) => program.process.once('exit', (code) => reject(new Error(`${app} ended: ${code}`)))),
    ]);
    return program;
  };
  const probe = async (port: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, text: await response.text() };
  };

  const modelServices = [
    {
      app: 'retrieval',
      path: '/watchnext.retrieval.v1.RetrievalService/Retrieve',
      request: RetrieveRequest.encode({ state, context, candidateCount: 10, snapshotId: '', excludeVideoIds: [] }),
      countOf: (message: Uint8Array) => RetrieveResponseMessage.decode(message).candidates.length,
    },
    {
      app: 'ranking',
      path: '/watchnext.ranking.v1.RankingService/Rank',
      request: RankRequest.encode({
        state,
        context,
        candidates: VIDEOS.slice(0, 10).map(({ videoId, title: _title, ...video }) => ({
          videoId,
          video,
          source: 'retrieval',
          sourceScore: 1,
        })),
        snapshotId: '',
        explain: false,
        checksumCount: 0,
      }),
      countOf: (message: Uint8Array) => RankResponse.decode(message).scores.length,
    },
  ];
  it.each(modelServices)(
    '$app answers it, says that it is stopping, and ends with 0',
    async ({ app, path, request, countOf }) => {
      const [port, metricsPort] = (await freePorts(2)) as [number, number];
      const program = await start(app, {
        WATCHNEXT_GRPC_PORT: String(port),
        WATCHNEXT_METRICS_PORT: String(metricsPort),
      });
      expect(await probe(metricsPort)).toEqual({ status: 200, text: 'ready' });
      const call = await halfSent(port, path, request.finish());
      const ended = program.kill('SIGTERM');
      await eventually(async () => expect(await probe(metricsPort)).toEqual({ status: 503, text: 'stopping' }));
      const { grpcStatus, message } = await call.answer();
      expect([grpcStatus, countOf(message)]).toEqual(['0', 10]);
      expect(await ended).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'the gateway answers it, says that it is stopping, and ends with 0',
    async () => {
      const held: sendUnaryData<RetrieveResponse>[] = [];
      const retrieval = new Server();
      retrieval.addService(RetrievalServiceService, {
        retrieve: (_call: unknown, callback: sendUnaryData<RetrieveResponse>) => held.push(callback),
      });
      const retrievalPort = await new Promise<number>((resolve, reject) =>
        retrieval.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
          error ? reject(error) : resolve(port),
        ),
      );
      const port = await freePort();
      const program = await start('gateway', {
        WATCHNEXT_HTTP_PORT: String(port),
        WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${retrievalPort}`,
        WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${await freePort()}`,
        WATCHNEXT_DEADLINE_MS: '60000',
      });
      expect(await probe(port)).toMatchObject({ status: 200 });
      const answer = fetch(`http://127.0.0.1:${port}/v1/users/u1/recommendations`);
      await eventually(() => expect(held.length).toBeGreaterThan(0));
      const ended = program.kill('SIGTERM');
      await eventually(async () => {
        const { status: code, text } = await probe(port);
        expect([code, JSON.parse(text)]).toEqual([503, expect.objectContaining({ ready: false, stopping: true })]);
      });
      for (const callback of held) callback({ code: status.INTERNAL, details: 'held until now' });
      const response = await answer;
      expect(response.status).toBe(200);
      expect(((await response.json()) as { items: unknown[] }).items.length).toBeGreaterThan(0);
      expect(await ended).toBe(0);
      retrieval.forceShutdown();
    },
    LIMIT_MS,
  );
});
