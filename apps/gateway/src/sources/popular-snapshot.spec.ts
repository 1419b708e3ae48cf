import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import { popularIn, PopularSnapshots } from './popular-snapshot';

const ofAll = [{ videoId: 'a', score: 1 }];
const ofSweden = [{ videoId: 'b', score: 1 }];

async function loaded(content: unknown) {
  const folder = await temporaryDirectory('popular-snapshot');
  try {
    const directory = join(folder.path, 's1');
    await mkdir(directory);
    await writeFile(join(directory, SNAPSHOT_FILES.popular), JSON.stringify(content));
    const snapshots = new PopularSnapshots();
    await snapshots.load({ snapshotId: 's1', directory, manifest: {} } as unknown as LocalSnapshot);
    return snapshots.of('s1')!;
  } finally {
    await folder.remove();
  }
}

describe('the popular videos of a snapshot', () => {
  it('are those of the country of the request, of all where it has none or is not known', async () => {
    const snapshot = await loaded({ popular: ofAll, popularByCountry: { SE: ofSweden } });
    expect(popularIn('SE', snapshot)).toEqual(ofSweden);
    expect(popularIn('DE', snapshot)).toEqual(ofAll);
    expect(popularIn('', snapshot)).toEqual(ofAll);
    expect(popularIn('constructor', snapshot)).toEqual(ofAll);
  });

  it('are those of all in a snapshot of an older trainer', async () => {
    expect(popularIn('SE', await loaded({ popular: ofAll, fresh: [] }))).toEqual(ofAll);
  });

  it('are refused where a list is none', async () => {
    await expect(loaded({ popular: ofAll, popularByCountry: { SE: [{ videoId: 'b' }] } })).rejects.toThrow(/score/);
  });
});
