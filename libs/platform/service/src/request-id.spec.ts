import { nameRequest, requestIdOf } from './request-id';

const MADE = /^[0-9a-f-]{36}$/;
const requestWith = (sent?: string | string[]) => ({
  raw: {},
  headers: sent === undefined ? {} : { 'x-request-id': sent as string },
});

describe('the id of a request', () => {
  it.each(['a', 'Ab_9-'.repeat(12) + 'last', '0'])('is that of its caller: %s', (sent) => {
    expect(requestIdOf(requestWith(sent))).toBe(sent);
  });

  it.each([
    [undefined],
    [''],
    ['x'.repeat(65)],
    ['two words'],
    ['line\nbreak'],
    ['a,b'],
    ['ä'],
    ['{"level":50}'],
    [['a', 'b']],
  ])('is made where the caller sent %j', (sent) => {
    const request = requestWith(sent);
    expect(requestIdOf(request)).toMatch(MADE);
    expect(requestIdOf(request)).toBe(requestIdOf(request));
    expect(requestIdOf(requestWith(sent))).not.toBe(requestIdOf(request));
  });

  it('may be given while it is answered, but not in place of the caller’s', () => {
    const nameless = requestWith();
    expect(nameRequest(nameless, 'list-1')).toBe('list-1');
    expect(requestIdOf(nameless)).toBe('list-1');
    const named = requestWith('mine');
    expect(nameRequest(named, 'list-2')).toBe('mine');
    expect(requestIdOf(named)).toBe('mine');
  });
});
