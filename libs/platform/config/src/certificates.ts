/** What certificates are of use: looked at before they are shown to anybody. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** PEM of the authorities that are trusted, and of the own certificate and its key; as Node's TLS takes them. */
export interface Certificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export type CertificateRole = keyof Certificates;

/** Says what is wrong with one of them, never what it holds. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';

  constructor(
    readonly role: CertificateRole,
    message: string,
  ) {
    super(message);
  }
}

/** @throws CertificateError where one cannot be read, or key and certificate do not belong together */
export function requireUsable({ ca, cert, key }: Certificates): void {
  for (const [role, pem] of Object.entries({ ca, cert }) as [CertificateRole, Buffer | undefined][])
    if (pem !== undefined && !isWholePem(pem.toString('latin1')))
      throw new CertificateError(role, 'holds no certificate in PEM');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CertificateError('key', `is not the key of the certificate (${code})`);
  }
}

/** @throws CertificateError where others would not believe the certificate at that time */
export function requireValid({ cert }: Certificates, atMs: number): void {
  if (cert === undefined) return;
  const { validFrom, validTo } = new X509Certificate(cert);
  if (atMs < Date.parse(validFrom)) throw new CertificateError('cert', `is valid from ${validFrom} only`);
  if (atMs >= Date.parse(validTo)) throw new CertificateError('cert', `ended on ${validTo}`);
}

/** One certificate or several, none of them cut off: OpenSSL passes over the rest of a file from one that it cannot read. */
function isWholePem(text: string): boolean {
  const begun = text.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/g) ?? [];
  const whole = text.match(/-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----[^-]+-----END \1-----/g) ?? [];
  try {
    whole.forEach((one) => new X509Certificate(one));
  } catch {
    return false;
  }
  return whole.length > 0 && whole.length === begun.length;
}
