import { status } from '@grpc/grpc-js';
import type { RankRequest } from '@watchnext/contract';
import { requirePlausible, requireStateAndContext } from './request-check';

const refusal = (message: unknown, limits = {}) => {
  try {
    requirePlausible(message, 'state', limits);
  } catch (error) {
    return error as { code: number; details: string };
  }
  return undefined;
};

describe('requirePlausible', () => {
  it('lets through what a sound program sends', () => {
    expect(
      refusal({ watches: [{ watchSeconds: 12.5, playbackHash: 2 ** 53 - 1 }], profile: undefined, userId: 'u' }),
    ).toBeUndefined();
  });

  it.each([
    [
      { watches: [{ watchSeconds: 1 }, { watchSeconds: NaN }] },
      'state.watches[1].watchSeconds must be a finite number, not NaN',
    ],
    [{ lastEventAtMs: Infinity }, 'state.lastEventAtMs must be a finite number, not Infinity'],
    [{ profile: { ageYears: -1 } }, 'state.profile.ageYears must not be below zero, it is -1'],
    [{ watchCount: 1e300 }, 'state.watchCount is out of range'],
    [{ userId: 'x'.repeat(2_000) }, 'state.userId has 2000 characters, 1024 are allowed'],
    [{ watches: Array(3_000).fill(1) }, 'state.watches has 3000 items, 2500 are allowed'],
  ])('refuses %j by its field', (message, details) => {
    expect(refusal(message)).toMatchObject({ code: status.INVALID_ARGUMENT, details });
  });

  it('allows a negative number where a score may be one', () => {
    expect(refusal({ sourceScore: -3 }, { signed: ['sourceScore'] })).toBeUndefined();
  });
});

it('state and context are to be there, and to be plausible', () => {
  const context = { requestedAtMs: 5 };
  const required = (request: object) => () => requireStateAndContext(request as RankRequest);
  expect(required({ state: { userId: 'ada' }, context })()).toEqual({ state: { userId: 'ada' }, context });
  const details = (text: string) => expect.objectContaining({ code: status.INVALID_ARGUMENT, details: text });
  for (const [request, text] of [
    [{ context }, 'state is missing'],
    [{ state: {} }, 'context is missing'],
    [{ state: {}, context: { requestedAtMs: 0 } }, 'context.requestedAtMs is missing'],
    [{ state: { age: NaN }, context }, 'state.age must be a finite number, not NaN'],
  ] as const)
    expect(required(request)).toThrow(details(text) as Error);
});
