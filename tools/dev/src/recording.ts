/**
 * A recording: what the real apps, run together on a small world, read, asked and answered. One app alone is developed
 * against it (`npm run dev`), and today's code is held to the recording of the released version (tools/compatibility).
 *
 *   about.json                     when and how it was made
 *   archive/, snapshot/            as ingestion and trainer wrote them; the archive holds every event as it was logged
 *   states.json                    the feature store: marks, and each user's encoded state
 *   retrieval.json, ranking.json   gRPC requests and answers, as the gateway made and got them; proto3 JSON
 *   gateway.json                   HTTP requests and answers
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Mark, RankRequest, RankResponse, RetrieveRequest, RetrieveResponse } from '@watchnext/contract';

/** The recording of the released version, which is under version control. */
export const RELEASED_RECORDING = resolve(__dirname, '..', 'recording');

export interface About {
  readonly recordedAtMs: number;
  /** Version of the workspace that was recorded. */
  readonly version: string;
  readonly snapshotId: string;
  readonly partitionCount: number;
  /** Viewers of whom the gateway was asked for lists. */
  readonly viewerIds: readonly string[];
}

export interface Exchange<Request, Response> {
  readonly request: Request;
  readonly response: Response;
}

export interface HttpExchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly status: number;
  /** JSON as answered. */
  readonly answer: unknown;
}

export interface RecordedStates {
  readonly marks: readonly Mark[];
  readonly users: readonly { readonly userId: string; readonly partition: number; readonly state: Uint8Array }[];
}

export interface Recording {
  readonly about: About;
  readonly states: RecordedStates;
  readonly retrieval: readonly Exchange<RetrieveRequest, RetrieveResponse>[];
  readonly ranking: readonly Exchange<RankRequest, RankResponse>[];
  readonly gateway: readonly HttpExchange[];
}

interface Codec<T> {
  toJSON(message: T): unknown;
  fromJSON(json: unknown): T;
}

const CODECS = {
  retrieval: { request: RetrieveRequest, response: RetrieveResponse },
  ranking: { request: RankRequest, response: RankResponse },
};

export const archiveFolder = (folder: string) => join(folder, 'archive');
export const snapshotFolder = (folder: string) => join(folder, 'snapshot');

/**
 * Making a recording replaces what is in its folder, so the folder must hold nothing, or a recording.
 *
 * @throws Error that names the folder and the remedy
 */
export function refuseOtherFolder(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0 || isRecording(folder)) return;
  throw new Error(
    `${folder} is not empty and holds no recording, so it is left as it is: name a new folder, or empty it`,
  );
}

function isRecording(folder: string): boolean {
  try {
    const about = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as Partial<About> | null;
    return typeof about?.snapshotId === 'string' && Array.isArray(about.viewerIds);
  } catch {
    return false;
  }
}

/** All but archive and snapshot, which lie in their folders as they are. */
export function writeRecording(folder: string, recording: Recording): void {
  mkdirSync(folder, { recursive: true });
  const { about, states, retrieval, ranking, gateway } = recording;
  writeFileSync(join(folder, 'about.json'), `${JSON.stringify(about, null, 2)}\n`);
  writeLines(folder, 'states', [
    ...states.marks.map((mark) => ({ mark: Mark.toJSON(mark) })),
    ...states.users.map((user) => ({ ...user, state: Buffer.from(user.state).toString('base64') })),
  ]);
  writeLines(folder, 'retrieval', retrieval.map(exchangeToJson(CODECS.retrieval)));
  writeLines(folder, 'ranking', ranking.map(exchangeToJson(CODECS.ranking)));
  writeLines(folder, 'gateway', gateway);
}

/** @throws Error that names the folder and the remedy */
export function readRecording(folder = RELEASED_RECORDING): Recording {
  if (!existsSync(join(folder, 'about.json'))) {
    throw new Error(`${folder} holds no recording: make one with npm run dev -- record --to ${folder}`);
  }
  const lines = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const states = lines('states') as ({ mark: unknown } | { userId: string; partition: number; state: string })[];
  return {
    about: lines('about') as About,
    states: {
      marks: states.flatMap((line) => ('mark' in line ? [Mark.fromJSON(line.mark)] : [])),
      users: states.flatMap((line) =>
        'mark' in line ? [] : [{ ...line, state: new Uint8Array(Buffer.from(line.state, 'base64')) }],
      ),
    },
    retrieval: lines('retrieval').map(exchangeFromJson(CODECS.retrieval)),
    ranking: lines('ranking').map(exchangeFromJson(CODECS.ranking)),
    gateway: lines('gateway') as HttpExchange[],
  };
}

/** An array with one element a line, so that versions can be compared. */
function writeLines(folder: string, name: string, elements: readonly unknown[]): void {
  const lines = elements.map((element) => JSON.stringify(element));
  writeFileSync(join(folder, `${name}.json`), `[\n${lines.join(',\n')}\n]\n`);
}

function exchangeToJson<A, B>(codecs: { request: Codec<A>; response: Codec<B> }) {
  return ({ request, response }: Exchange<A, B>) => ({
    request: codecs.request.toJSON(request),
    response: codecs.response.toJSON(response),
  });
}

function exchangeFromJson<A, B>(codecs: { request: Codec<A>; response: Codec<B> }) {
  return ({ request, response }: Exchange<unknown, unknown>): Exchange<A, B> => ({
    request: codecs.request.fromJSON(request),
    response: codecs.response.fromJSON(response),
  });
}
