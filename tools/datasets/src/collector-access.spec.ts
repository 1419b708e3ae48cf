import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority, tlsSettings } from '@watchnext/testing';
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
    makeAuthority(folder, 'authority', 'importer');
    const environment = {
      ...tlsSettings(folder, 'authority', 'importer'),
      WATCHNEXT_GRPC_TLS_SERVER_NAME: 'collector',
    };
    const bytesOf = (name: keyof typeof environment) => readFileSync(environment[name]);
    expect(collectorAccess(file('api-key', 'of-the-player\n'), environment)).toEqual({
      apiKey: 'of-the-player',
      tls: {
        ca: bytesOf('WATCHNEXT_GRPC_TLS_CA_FILE'),
        cert: bytesOf('WATCHNEXT_GRPC_TLS_CERT_FILE'),
        key: bytesOf('WATCHNEXT_GRPC_TLS_KEY_FILE'),
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
