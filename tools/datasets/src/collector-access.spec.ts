import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectorAccess } from './collector-access';

describe('what shows a collector who calls', () => {
  let folder: string;
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-access-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is nothing, unless told otherwise', () => {
    expect(collectorAccess(undefined, {})).toEqual({});
  });

  it('is the key of a file, and the certificates of the environment', () => {
    const environment = {
      WATCHNEXT_GRPC_TLS_CA_FILE: file('ca', 'authority'),
      WATCHNEXT_GRPC_TLS_CERT_FILE: file('cert', 'certificate'),
      WATCHNEXT_GRPC_TLS_KEY_FILE: file('key', 'private'),
      WATCHNEXT_GRPC_TLS_SERVER_NAME: 'collector',
    };
    expect(collectorAccess(file('api-key', 'of-the-player\n'), environment)).toEqual({
      apiKey: 'of-the-player',
      tls: {
        ca: Buffer.from('authority'),
        cert: Buffer.from('certificate'),
        key: Buffer.from('private'),
        servername: 'collector',
      },
    });
  });

  it('is refused in half, naming what is missing', () => {
    expect(() => collectorAccess(join(folder, 'none'), {})).toThrow(/--api-key-file .*: cannot be read \(ENOENT\)/);
    expect(() => collectorAccess(file('empty', '\n'), {})).toThrow(/--api-key-file .*: is empty/);
    const half = { WATCHNEXT_GRPC_TLS_CA_FILE: file('ca', 'authority') };
    expect(() => collectorAccess(undefined, half)).toThrow(/WATCHNEXT_GRPC_TLS_CERT_FILE: is needed/);
  });
});
