/** What a service makes of certificate files that change while it runs. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { grpcCertificates, type GrpcTlsSettings, loadConfig } from '@watchnext/config';
import { type Logger, MetricsRegistry, watchCertificates } from '@watchnext/service';
import { eventually, makeAuthority, makeCertificate, MountedSecret, temporaryDirectory } from '@watchnext/testing';
import { rankingSettings } from '../../../../apps/ranking/src/config';

describe('certificate files of a running service', () => {
  let directory: { path: string; remove(): Promise<void> };
  let secret: MountedSecret<'ca' | 'cert' | 'key'>;
  let settings: GrpcTlsSettings;
  let metrics: MetricsRegistry;
  let lines: Record<string, unknown>[];
  let mounts = 0;
  const pem = (name: string) => readFileSync(join(directory.path, name));
  const contentsOf = (service: string, ca = pem('ours.pem')) => ({
    ca,
    cert: pem(`${service}.pem`),
    key: pem(`${service}.key`),
  });
  const value = (series: string) =>
    Number(
      metrics
        .render()
        .split('\n')
        .find((line) => line.startsWith(`${series} `))!
        .slice(series.length + 1),
    );
  const refusals = () => value('watchnext_tls_certificate_refusals_total{files="WATCHNEXT_GRPC_TLS"}');
  const expectInUse = (service: string) => {
    const { cert, key } = grpcCertificates(settings)!.current;
    expect({ cert, key }).toEqual({ cert: pem(`${service}.pem`), key: pem(`${service}.key`) });
    const endsSeconds = Date.parse(new X509Certificate(cert).validTo) / 1_000;
    expect(value('watchnext_tls_certificate_expiry_seconds')).toBe(endsSeconds);
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('certificate-files');
    makeAuthority(directory.path, 'ours', 'first');
    makeCertificate(directory.path, 'ours', 'second');
    makeCertificate(directory.path, 'ours', 'third', 700);
    makeCertificate(directory.path, 'ours', 'ended', 0);
  });
  afterAll(() => directory.remove());
  beforeEach(() => {
    secret = new MountedSecret(join(directory.path, `mounted-${mounts++}`), contentsOf('first'));
    settings = loadConfig(rankingSettings, {
      WATCHNEXT_GRPC_TLS_CA_FILE: secret.path('ca'),
      WATCHNEXT_GRPC_TLS_CERT_FILE: secret.path('cert'),
      WATCHNEXT_GRPC_TLS_KEY_FILE: secret.path('key'),
    });
    metrics = new MetricsRegistry({});
    lines = [];
    const told = (line: Record<string, unknown>) => lines.push(line);
    watchCertificates(metrics, settings, { info: told, error: told } as unknown as Logger);
  });

  it('are taken over when they are renewed, and the end that is shown follows', async () => {
    expectInUse('first');
    secret.replace(contentsOf('third'));
    await eventually(() => expectInUse('third'));
    expect(refusals()).toBe(0);
    const until = new Date(Date.parse(new X509Certificate(pem('third.pem')).validTo)).toISOString();
    expect(lines).toEqual([{ files: 'WATCHNEXT_GRPC_TLS', until }]);
  });

  it.each([
    [
      'the certificate is not that of the key',
      () => ({ ...contentsOf('second'), key: pem('first.key') }),
      /_KEY_FILE: is not the key of the certificate/,
    ],
    [
      'the authority is cut off',
      () => contentsOf('second', Buffer.concat([pem('ours.pem'), pem('ours.pem').subarray(0, 300)])),
      /_CA_FILE: holds no certificate in PEM/,
    ],
    [
      'the certificate is cut off',
      () => ({ ...contentsOf('second'), cert: pem('second.pem').subarray(0, 300) }),
      /_CERT_FILE: holds no certificate in PEM/,
    ],
    ['nothing is in them yet', () => ({ ...contentsOf('second'), key: Buffer.alloc(0) }), /_KEY_FILE: is not the key/],
    ['the certificate has ended', () => contentsOf('ended'), /_CERT_FILE: ended on /],
  ])('are not taken while %s, which is told once and counted, and are once they can be used', async (_, half, why) => {
    secret.replace(half());
    await eventually(() => expect(refusals()).toBeGreaterThan(1));
    expectInUse('first');
    expect(lines).toEqual([{ problem: expect.stringMatching(why) }]);
    secret.replace(contentsOf('second'));
    await eventually(() => expectInUse('second'));
    const before = refusals();
    secret.replace(contentsOf('first'));
    await eventually(() => expectInUse('first'));
    expect(refusals()).toBe(before);
  });

  it('stay in use where the files go away', async () => {
    renameSync(secret.directory, `${secret.directory}.gone`);
    await eventually(() => expect(refusals()).toBeGreaterThan(1));
    expectInUse('first');
    // Who was amid reading them has read the first, and told of another before.
    const problems = lines.map(({ problem }) => problem);
    expect(problems.at(-1)).toBe('WATCHNEXT_GRPC_TLS_CA_FILE: cannot be read (ENOENT)');
    for (const problem of problems) expect(problem).toMatch(/_FILE: cannot be read \(ENOENT\)$/);
    expect(new Set(problems).size).toBe(problems.length);
  });
});
