import { isAskedByAddress, isLoopback, mayBeOfPage } from './asked-by-name';

describe('a request', () => {
  it.each([
    'localhost',
    'localhost:7000',
    'gateway.localhost',
    '127.0.0.1:7000',
    '[::1]:7000',
    '192.168.0.7',
    '0.0.0.0',
  ])('that asks %s asks by an address', (host) => expect(isAskedByAddress({ headers: { host } })).toBe(true));

  it.each(['evil.example', 'localhost.evil.example:7000', '127.0.0.1.evil.example', 'not a name', '', undefined])(
    'that asks %p does not',
    (host) => expect(isAskedByAddress({ headers: { host } })).toBe(false),
  );

  it('may be of a page where it says from where, and where it reads what only this machine can ask', () => {
    const origin = 'http://evil.example';
    expect(mayBeOfPage({ method: 'POST', headers: { origin } }, '0.0.0.0')).toBe(true);
    expect(mayBeOfPage({ method: 'POST', headers: {} }, '127.0.0.1')).toBe(false);
    for (const method of ['GET', 'HEAD']) {
      expect(mayBeOfPage({ method, headers: {} }, '127.0.0.1')).toBe(true);
      expect(mayBeOfPage({ method, headers: {} }, '0.0.0.0')).toBe(false);
    }
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.127', false],
])('what listens on %s is reached from this machine alone: %p', (host, isAlone) =>
  expect(isLoopback(host)).toBe(isAlone),
);
