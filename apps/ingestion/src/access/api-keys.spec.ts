import { createHash } from 'node:crypto';
import { findKey, KeyFileError, parseKeyFile } from './api-keys';

const hash = (key: string) => createHash('sha256').update(key).digest('hex');

describe('the file of API keys', () => {
  const lines = `# producers\nweb ${hash('k1')} 500 1000000\napp ${hash('k2')} - 2e6  # phones\n\nbatch ${hash('k3')}\npage ${hash('k4')} - - watch,search\n`;
  const json = JSON.stringify({
    keys: [
      { name: 'web', sha256: hash('k1'), eventsPerSecond: 500, bytesPerSecond: 1e6 },
      { name: 'app', sha256: hash('k2').toUpperCase(), bytesPerSecond: 2e6 },
      { name: 'batch', sha256: hash('k3') },
      { name: 'page', sha256: hash('k4'), kinds: ['watch', 'search'] },
    ],
  });

  it('is read from lines and from JSON alike', () => {
    expect(parseKeyFile(lines)).toEqual(parseKeyFile(json));
    expect(parseKeyFile(lines).map(({ name, eventsPerSecond, kinds }) => [name, eventsPerSecond, kinds])).toEqual([
      ['web', 500, undefined],
      ['app', undefined, undefined],
      ['batch', undefined, undefined],
      ['page', undefined, ['watch', 'search']],
    ]);
  });

  it('finds the key that was sent, and no other', () => {
    const keys = parseKeyFile(lines);
    expect(findKey(keys, 'k2')?.name).toBe('app');
    for (const wrong of ['', 'k', 'k22', hash('k2')]) expect(findKey(keys, wrong)).toBeUndefined();
  });

  it.each([
    ['empty', ''],
    ['a key in clear', 'web my-secret-key 1 1'],
    ['a limit of zero', `web ${hash('k')} 0`],
    ['a limit that is no number', `web ${hash('k')} many`],
    ['too many words', `web ${hash('k')} 1 2 watch 4`],
    ['no kinds', JSON.stringify({ keys: [{ name: 'a', sha256: hash('k'), kinds: [] }] })],
    ['an unknown kind in a line with a key in clear', 'web my-secret-key 1 1 whatever'],
    ['broken JSON', '{"keys": [my-secret-key'],
    ['an unknown field', JSON.stringify({ keys: [{ name: 'a', key: 'my-secret-key' }] })],
    ['a key twice', `a ${hash('k')}\nb ${hash('k')}`],
  ])('is refused when it is %s, without repeating what it holds', (_what, text) => {
    const refused = () => parseKeyFile(text);
    expect(refused).toThrow(KeyFileError);
    expect(refused).not.toThrow(/my-secret/);
  });

  it.each([
    ['lines', `web ${hash('k1')}\npage ${hash('k2')} - - watch,serach\n`],
    [
      'JSON',
      JSON.stringify({
        keys: [
          { name: 'web', sha256: hash('k1') },
          { name: 'page', sha256: hash('k2'), kinds: [1] },
        ],
      }),
    ],
  ])('says of kinds that there are not, in %s, whose they are and which there are', (_form, text) => {
    expect(() => parseKeyFile(text)).toThrow(
      'the file of API keys is not usable: the kinds of entry 2 (page) must be some of impressionsServed, impressionsViewed, watch, ',
    );
  });
});
