import { requireUsable, requireValid } from './certificates';

/** From 2026-11-27T17:26:42Z on, for two days. */
const CERT = Buffer.from(`-----BEGIN CERTIFICATE-----
MIIBbDCCAROgAwIBAgIUHoBwN4MtTg0nwZ1hqU76yUy8ZtgwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjcxNzI2NDJaFw0yNjExMjkxNzI2NDJaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARh42RZWQ+YAV1r
t57Kk2fmWQ1JyU2r74b35lFljRCqmp80BNEu1BO5+AzVs+qE5p34mxiZJAPV53IQ
5s54iWEvo1MwUTAdBgNVHQ4EFgQUMyojrr15uSceuArkbjh9ZAcIr4wwHwYDVR0j
BBgwFoAUMyojrr15uSceuArkbjh9ZAcIr4wwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNHADBEAiAbWyhidhT5q8crfS9idFJPc/YwMTOWa4UvvbJS26+MzAIg
O4VpSpsTGqdge3W99XwNeQFSC23Z3lPlPMIWHjGCH+0=
-----END CERTIFICATE-----
`);

describe('certificates', () => {
  it('are believed from their beginning until before their end', () => {
    const at = (time: string) => () => requireValid({ cert: CERT }, Date.parse(time));
    expect(at('2026-11-27T17:26:41Z')).toThrow('is valid from Nov 27 17:26:42 2026 GMT only');
    expect(at('2026-11-27T17:26:42Z')).not.toThrow();
    expect(at('2026-11-29T17:26:41Z')).not.toThrow();
    expect(at('2026-11-29T17:26:42Z')).toThrow('ended on Nov 29 17:26:42 2026 GMT');
  });

  it('may be several in a file, with words between them, and none may be cut off', () => {
    const together = Buffer.concat([Buffer.from('# old - and new\n'), CERT, Buffer.from('\n# new\n'), CERT]);
    expect(() => requireUsable({ ca: together })).not.toThrow();
    for (const end of [-10, -40, -200, 30 - CERT.length])
      expect(() => requireUsable({ ca: together.subarray(0, end) })).toThrow('holds no certificate in PEM');
    expect(() => requireUsable({ ca: Buffer.from('none') })).toThrow('holds no certificate in PEM');
  });

  it('are not needed by a client that trusts the authorities of the system', () => {
    expect(() => requireUsable({})).not.toThrow();
    expect(() => requireValid({}, 0)).not.toThrow();
  });
});
