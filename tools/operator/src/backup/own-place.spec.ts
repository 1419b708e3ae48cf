import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePlace } from '@watchnext/command-line';
import { loadDriverSettings } from '@watchnext/config';
import { BackupError } from './manifest';
import { refuseOwnPlace } from './own-place';

describe('the place of a backup, beside the system', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'watchnext-place-'));
    mkdirSync(join(root, 'disk', 'data', 'archive'), { recursive: true });
    symlinkSync(join(root, 'disk', 'data'), join(root, 'link'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const refusal = (place: string, settings: Record<string, string>) => () =>
    refuseOwnPlace(parsePlace(place), loadDriverSettings(settings));

  it.each([
    'disk/data',
    'disk',
    '',
    'disk/data/archive',
    'disk/data/a/backup',
    'link',
    'link/backup',
    'disk/../disk/data',
  ])('is not the folder %p, which has to do with that of the data', (folder) => {
    const refused = refusal(join(root, folder), { WATCHNEXT_DATA_DIR: join(root, 'disk', 'data') });
    expect(refused).toThrow(BackupError);
    expect(refused).toThrow(/lies in .*disk.data: name a place/);
  });

  it.each(['disk/backup', 'disk/data-backup', 'backup', 's3://bucket/backup'])('may be %s', (place) => {
    const path = place.startsWith('s3:') ? place : join(root, place);
    expect(refusal(path, { WATCHNEXT_DATA_DIR: join(root, 'disk', 'data') })).not.toThrow();
  });

  const S3 = { WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_BUCKET: 'own', WATCHNEXT_S3_PREFIX: 'live' };

  it.each(['s3://own/live', 's3://own', 's3://own/live/archive', 's3://own/live/snapshots/deep'])(
    'is not %s, which has to do with the prefix of the system',
    (place) => expect(refusal(place, S3)).toThrow(/lies in s3:\/\/own\/live/),
  );

  it.each(['s3://other/live', 's3://own/backup', 's3://own/live-backup', '/mnt/backup'])('may be %s', (place) =>
    expect(refusal(place, S3)).not.toThrow(),
  );
});
