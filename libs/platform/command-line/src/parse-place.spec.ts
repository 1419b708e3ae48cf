import { parsePlace } from './parse-place';

describe('a place on the command line', () => {
  it.each([
    ['/mnt/backup', { folder: '/mnt/backup' }],
    ['./of:anna', { folder: './of:anna' }],
    ['C:\\backup', { folder: 'C:\\backup' }],
    ['s3://bucket', { bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
    ['s3://bucket/a/b', { bucket: 'bucket', prefix: 'a/b/' }],
    ['s3://bucket/a/', { bucket: 'bucket', prefix: 'a/' }],
  ])('%s is taken', (text, place) => expect(parsePlace(text)).toEqual(place));

  it.each(['gs://bucket/a', 'S3://bucket/a', 's3:/bucket/a', 's3:bucket', 's3://', 's3:///a', 'https://host/a'])(
    '%s is no folder',
    (text) => expect(() => parsePlace(text)).toThrow('it must be a folder or s3://bucket/prefix'),
  );

  it('is not empty', () => expect(() => parsePlace('')).toThrow('it is empty'));
});
