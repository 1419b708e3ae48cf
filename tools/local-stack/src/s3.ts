/** An S3 test server: moto, with conditional writes in one step. It keeps everything in memory and takes any credentials. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePorts } from './ports';
import { type OnSpawn, startListening, stopProcess, type StartedProcess } from './processes';

/** Bucket of the stack; specs make their own. */
export const S3_BUCKET = 'watchnext';
/** The same from `src` and from `dist`. */
const SERVER_PROGRAM = resolve(__dirname, '..', 's3', 'server.py');

export async function startS3(directory: string, onSpawn?: OnSpawn): Promise<StartedProcess> {
  const home = join(directory, 's3');
  mkdirSync(home, { recursive: true });
  const [port] = (await freePorts(1)) as [number];
  const server = await startListening({
    name: 's3',
    command: 'python3',
    args: [SERVER_PROGRAM, '-H', '127.0.0.1', '-p', String(port)],
    port,
    logFile: join(home, 'moto.log'),
    cwd: home,
    onSpawn,
  });
  try {
    await createBucket(s3Endpoint(server));
    return server;
  } catch (error) {
    await stopProcess(server);
    throw error;
  }
}

/** Makes the bucket of the stack. */
export async function createBucket(endpoint: string): Promise<void> {
  const created = await fetch(`${endpoint}/${S3_BUCKET}`, { method: 'PUT' });
  if (!created.ok) throw new Error(`the S3 test server made no bucket: status ${created.status}`);
}

export function s3Environment(server: StartedProcess): Record<string, string> {
  return {
    WATCHNEXT_S3_ENDPOINT: s3Endpoint(server),
    WATCHNEXT_S3_BUCKET: S3_BUCKET,
    WATCHNEXT_S3_ACCESS_KEY_ID: 'test',
    WATCHNEXT_S3_SECRET_ACCESS_KEY: 'test',
  };
}

const s3Endpoint = ({ port }: StartedProcess) => `http://127.0.0.1:${port}`;
