import { type Availability, type Event, TOPICS } from '@watchnext/contract';
import { candidateFeatures } from './candidate-features';
import { countryCode, settleCountries } from './countries';
import { rankingUserFeatures } from './ranking-features';
import { applyEvent } from './reducer';
import { refuse } from './refusal';
import { replayUser } from './replay';
import { newState } from './state-codec';
import { eventOf, servedBody, SOME_TIME_MS, USER_ID, watchBody } from './testing/event-builders';
import type { UserRecord } from './types';

type Body = NonNullable<Event['body']>;
const AFTER_MS = SOME_TIME_MS + 2_500;

const contextIn = (country: string) => ({
  ...{ requestedAtMs: AFTER_MS, surface: 'home', country, device: 'tv' },
  ...{ loggedIn: false, seedVideoId: '' },
});
const servedIn = (country: string) => servedBody({ context: contextIn(country) });
const profileIn = (country: string): Body => ({
  $case: 'userUpserted',
  value: { userId: USER_ID, profile: { country, language: '', ageYears: 0, gender: 0, blockedChannelIds: [] } },
});
const videoIn = (availability: Partial<Availability>): Body => ({
  $case: 'videoUpserted',
  value: {
    ...{ videoId: 'v', title: '', thumbnailUrl: '', video: undefined },
    availability: { countries: [], excludedCountries: [], minimumAgeYears: 0, ...availability },
  },
});
const at = (body: Body, sequence = 0) => eventOf(body, { atMs: SOME_TIME_MS + sequence * 1_000, sequence });

describe('the code of a country', () => {
  it.each([
    ['DE', 'DE'],
    ['de', 'DE'],
    ['dE', 'DE'],
    ['', ''],
    ['Germany', ''],
    ['D', ''],
    ['49', ''],
    ['é1', ''],
    ['ÄÖ', ''],
    ['@Z', ''],
  ])('of %j is %j', (country, code) => expect(countryCode(country)).toBe(code));
});

describe('the countries of an event that is taken in', () => {
  it.each<[string, (country: string) => Body]>([
    ['watch.country', (country) => watchBody({ country })],
    ['impressionsServed.context.country', servedIn],
    ['userUpserted.profile.country', profileIn],
    ['videoUpserted.availability.countries[1]', (country) => videoIn({ countries: ['SE', country] })],
    ['videoUpserted.availability.excludedCountries[0]', (country) => videoIn({ excludedCountries: [country] })],
  ])('are written in capitals, or refused where they are none: %s', (field, bodyIn) => {
    const event = at(bodyIn('de'));
    expect(settleCountries(event)).toBeUndefined();
    expect(event.body).toEqual(bodyIn('DE'));
    expect(settleCountries(at(bodyIn('Germany')))).toEqual({
      ...{ code: 'invalid-field', field },
      message: `${field} must be two letters (ISO 3166-1), as "DE"`,
    });
  });

  it('may be unknown', () => {
    for (const body of [watchBody(), servedIn(''), servedBody(), profileIn(''), videoIn({})])
      expect(settleCountries(at(body))).toBeUndefined();
  });
});

describe('records that were written before countries were checked', () => {
  it.each([
    ['de', 'DE'],
    ['Germany', ''],
  ])('stay let in, and %j is learned from as %j, which is what is served by', (written, code) => {
    const bodies = [profileIn(written), watchBody({ country: written }), servedIn(written)];
    const records: UserRecord[] = bodies.map((body, offset) => ({
      ...{ topic: TOPICS.activity, partition: 0, offset },
      event: at(body, offset),
    }));
    for (const { event } of records) expect(refuse(event, event.receivedAtMs)).toBeUndefined();
    const { candidateExamples, rankingExamples } = replayUser(records, { joinWindowMs: 1, logEndMs: Infinity });
    const state = newState(USER_ID);
    for (const { event } of records) applyEvent(state, event);
    expect(state.profile?.country).toBe(written);
    for (const country of [written, '']) {
      expect(candidateFeatures(state, contextIn(country)).country).toBe(code);
      expect(rankingUserFeatures(state, contextIn(country)).country).toBe(code);
    }
    expect(candidateExamples.map(({ features }) => features.country)).toEqual([code]);
    expect(rankingExamples.map(({ user }) => user.country)).toEqual([code]);
  });
});
