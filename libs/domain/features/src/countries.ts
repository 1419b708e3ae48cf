/**
 * Countries as ISO 3166-1 alpha-2 in upper case: one spelling for what is learned and what is served. Events are brought to it
 * where they are taken in; older records, and those of producers that write to a topic themselves, stay as they are, and are
 * read by it.
 */
import type { Event, RequestContext, UserState } from '@watchnext/contract';
import { invalid } from './field-checks';
import type { Refusal } from './types';

/** What a country is known by; empty for what is none, as "Germany" is. */
export function countryCode(country: string): string {
  // Not by a pattern: a replay asks it of each list and watch.
  return country.length === 2 && isLetter(country, 0) && isLetter(country, 1) ? country.toUpperCase() : '';
}

/** What features know of where a list is asked for, or a watch was begun: as the request says, else the profile. */
export function countryOf({ profile }: UserState, { country }: Pick<RequestContext, 'country'>): string {
  return countryCode(country) || countryCode(profile?.country ?? '');
}

function isLetter(text: string, index: number): boolean {
  const lowered = text.charCodeAt(index) | 0x20;
  return lowered >= 0x61 && lowered <= 0x7a;
}

/**
 * Writes the countries of an event that is taken in as `countryCode` has them; changes the event.
 *
 * @param event one that `refuse` lets in
 * @returns why it cannot be, with the field; `refuse` does not ask this, as records that were once let in stay in states
 */
export function settleCountries({ body }: Event): Refusal | undefined {
  switch (body?.$case) {
    case 'watch':
      return settle(body.value, 'watch');
    case 'impressionsServed':
      return body.value.context && settle(body.value.context, 'impressionsServed.context');
    case 'userUpserted':
      return body.value.profile && settle(body.value.profile, 'userUpserted.profile');
    case 'videoUpserted': {
      const { availability } = body.value;
      return (
        availability &&
        (settleList(availability.countries, 'videoUpserted.availability.countries') ??
          settleList(availability.excludedCountries, 'videoUpserted.availability.excludedCountries'))
      );
    }
    default:
      return undefined;
  }
}

const noCountry = (field: string): Refusal => invalid(field, 'must be two letters (ISO 3166-1), as "DE"');

function settle(place: { country: string }, path: string): Refusal | undefined {
  if (place.country === '') return undefined;
  const code = countryCode(place.country);
  if (code === '') return noCountry(`${path}.country`);
  place.country = code;
  return undefined;
}

function settleList(countries: string[], path: string): Refusal | undefined {
  for (let i = 0; i < countries.length; i++) {
    const code = countryCode(countries[i]);
    if (code === '') return noCountry(`${path}[${i}]`);
    countries[i] = code;
  }
  return undefined;
}
