import { isAvailable, viewerOf } from './availability';
import { newState } from './state-codec';

const limits = (more: object) => ({ countries: [], excludedCountries: [], minimumAgeYears: 0, ...more });
const swede = { country: 'SE', ageYears: 20 };
const stranger = { country: '', ageYears: 0 };

describe('the limits of country and age', () => {
  it.each([
    [undefined, true, true],
    [limits({}), true, true],
    [limits({ countries: ['SE', 'NO'] }), true, false],
    [limits({ countries: ['NO'] }), false, false],
    [limits({ excludedCountries: ['SE'] }), false, true],
    [limits({ minimumAgeYears: 18 }), true, false],
    [limits({ minimumAgeYears: 20 }), true, false],
    [limits({ minimumAgeYears: 21 }), false, false],
    [limits({ countries: ['SE'], minimumAgeYears: 21 }), false, false],
  ])('%j', (availability, forSwede, forStranger) => {
    expect(isAvailable(availability, swede)).toBe(forSwede);
    expect(isAvailable(availability, stranger)).toBe(forStranger);
  });

  it.each([
    [limits({ excludedCountries: ['SE'] }), false],
    [limits({ excludedCountries: ['se'] }), false],
    [limits({ countries: ['SE'] }), true],
    [limits({ countries: ['no', 'Se'] }), true],
    [limits({ countries: ['NO'] }), false],
  ])('compare countries whatever their case: %j', (availability, expected) => {
    const profile = { country: 'se', language: '', ageYears: 30, gender: 0, blockedChannelIds: [] };
    const context = { requestedAtMs: 1, surface: '', country: '', device: '', loggedIn: true, seedVideoId: '' };
    const byProfile = viewerOf({ ...newState('u'), profile }, context);
    const byRequest = viewerOf(newState('u'), { ...context, country: 'sE' });
    expect(isAvailable(availability, byProfile)).toBe(expected);
    expect(isAvailable(availability, { ...byRequest, ageYears: 30 })).toBe(expected);
  });

  it('look at the country of the request before that of the profile', () => {
    const profile = { country: 'NO', language: '', ageYears: 30, gender: 0, blockedChannelIds: [] };
    const context = { requestedAtMs: 1, surface: '', country: '', device: '', loggedIn: true, seedVideoId: '' };
    expect(viewerOf({ ...newState('u'), profile }, context)).toEqual({ country: 'NO', ageYears: 30 });
    expect(viewerOf({ ...newState('u'), profile }, { ...context, country: 'SE' }).country).toBe('SE');
    expect(viewerOf(newState('u'), context)).toEqual(stranger);
  });
});
