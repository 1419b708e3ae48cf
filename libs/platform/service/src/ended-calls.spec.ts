import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Calls one after the other, each of a request that holds a million bytes, and the young generation collected after each. */
const program = (interceptors: string) => `
  const grpc = require('@grpc/grpc-js');
  const { forgetEndedCalls } = require(${JSON.stringify(join(__dirname, '..', 'dist', 'ended-calls.js'))});
  const text = { serialize: (value) => Buffer.from(value), deserialize: String };
  const echo = { path: '/spec/Echo', requestStream: false, responseStream: false, requestSerialize: text.serialize,
    requestDeserialize: text.deserialize, responseSerialize: text.serialize, responseDeserialize: text.deserialize };
  const fails = { ...echo, path: '/spec/Fails' };
  const server = new grpc.Server();
  server.addService({ echo, fails }, {
    echo: (call, answer) => answer(null, call.request),
    fails: (call, answer) => answer({ code: grpc.status.NOT_FOUND, details: 'no such thing' }),
  });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (error, port) => {
    const Client = grpc.makeGenericClientConstructor({ echo, fails }, 'spec');
    const client = new Client('127.0.0.1:' + port, grpc.credentials.createInsecure(), { interceptors: ${interceptors} });
    const call = (method) => new Promise((resolve) => {
      const request = Array.from({ length: 20_000 }, (_, number) => ({ number }));
      client[method]('hello', (error, answer) => resolve([answer ?? error.code, request.length]));
    });
    const heapBytes = () => process.memoryUsage().heapUsed;
    for (let warmUp = 0; warmUp < 20; warmUp++) await call('echo');
    gc();
    const before = heapBytes();
    let answers = [];
    for (let made = 0; made < 100; made++) {
      answers = [...await call('echo'), ...await call('fails')];
      gc({ type: 'minor' });
    }
    console.log(JSON.stringify({ answers, grownMegabytes: (heapBytes() - before) / 1e6 }));
    client.close();
    server.forceShutdown();
  });
`;

function run(interceptors: string): { answers: unknown[]; grownMegabytes: number } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--initial-old-space-size=1000', '-e', program(interceptors)],
    {
      encoding: 'utf8',
      cwd: __dirname,
    },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof run>;
}

describe('ended calls', () => {
  it('are not kept with what waited for them, and end as they would', () => {
    const { answers, grownMegabytes } = run('[forgetEndedCalls]');
    expect(answers).toEqual(['hello', 20_000, 5, 20_000]);
    expect(grownMegabytes).toBeLessThan(20);
  });
});
