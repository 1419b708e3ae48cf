/** Messages between today's code and readers and writers of the released version, in both directions. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FileRegistry } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Type } from '@bufbuild/protobuf/wkt';
import {
  DeadLetter,
  Event,
  RankRequest,
  RankResponse,
  RetrieveRequest,
  RetrieveResponse,
  SnapshotAnnouncement,
  SnapshotManifest,
  UserState,
} from '@watchnext/contract';
import { createRandom } from '@watchnext/learning';
import { randomMessage, readContracts, readerOf } from '../src';

interface Codec {
  fromJSON(json: unknown): unknown;
  toJSON(message: never): unknown;
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** All that one process writes and another reads. */
const MESSAGES: Readonly<Record<string, Codec>> = {
  'watchnext.event.v1.DeadLetter': DeadLetter,
  'watchnext.event.v1.Event': Event,
  'watchnext.ranking.v1.RankRequest': RankRequest,
  'watchnext.ranking.v1.RankResponse': RankResponse,
  'watchnext.retrieval.v1.RetrieveRequest': RetrieveRequest,
  'watchnext.retrieval.v1.RetrieveResponse': RetrieveResponse,
  'watchnext.snapshot.v1.SnapshotAnnouncement': SnapshotAnnouncement,
  'watchnext.snapshot.v1.SnapshotManifest': SnapshotManifest,
  'watchnext.state.v1.UserState': UserState,
};
const SAMPLES = 60;
const CONTRACT = resolve(__dirname, '..', '..', '..', 'libs', 'contract');

const released = readContracts();
let today: FileRegistry;
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-contract-'));
  try {
    const image = join(folder, 'today.binpb');
    execFileSync(resolve(CONTRACT, '..', '..', 'node_modules', '.bin', 'buf'), ['build', '-o', image], {
      cwd: CONTRACT,
    });
    today = readContracts(image);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const encoded = (codec: Codec, message: unknown) => codec.encode(message as never).finish();

describe.each(Object.entries(MESSAGES))('%s', (typeName, codec) => {
  const old = readerOf(released, typeName);
  // A type that the released version does not have has no old readers.
  const itIfReleased = old ? it : it.skip;

  itIfReleased('written by today’s code, tells an old reader all that it knows of', () => {
    const random = createRandom(1);
    for (let sample = 0; sample < SAMPLES; sample++) {
      const json = randomMessage(today.getMessage(typeName)!, random);
      expect(old!.read(encoded(codec, codec.fromJSON(json)))).toEqual(old!.understood(json));
    }
  });

  itIfReleased('written by an old writer, loses nothing in today’s code', () => {
    const random = createRandom(2);
    for (let sample = 0; sample < SAMPLES; sample++) {
      const json = randomMessage(released.getMessage(typeName)!, random);
      const read = codec.decode(old!.write(json));
      expect(old!.read(encoded(codec, read))).toEqual(old!.understood(json));
      expect(old!.understood(codec.toJSON(read as never) as never)).toEqual(old!.understood(json));
    }
  });
});

describe('a breach of contract', () => {
  it.each([
    ['a field under another number', 'candidate_count', { number: 9 }],
    ['a field of another type', 'snapshot_id', { type: FieldDescriptorProto_Type.UINT64 }],
  ])('is noticed: %s', (_what, name, change) => {
    const breached = readContracts(undefined, ({ file }) => {
      const messages = file.flatMap(({ messageType }) => messageType);
      const request = messages.find((message) => message.name === 'RetrieveRequest')!;
      Object.assign(
        request.field.find((field) => field.name === name)!,
        change,
      );
    });
    const old = readerOf(breached, 'watchnext.retrieval.v1.RetrieveRequest')!;
    const json = { snapshotId: '7', candidateCount: 3 };
    const bytes = encoded(RetrieveRequest, RetrieveRequest.fromJSON(json));
    let read: unknown;
    try {
      read = old.read(bytes);
    } catch (error) {
      read = error;
    }
    expect(read).not.toEqual(old.understood(json));
  });
});
