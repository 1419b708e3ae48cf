/** Who may be shown a video. */
import type { Availability, RequestContext, UserState } from '@watchnext/contract';

export interface Viewer {
  /** As `countryKey`; empty where unknown. */
  readonly country: string;
  /** 0 where unknown. */
  readonly ageYears: number;
}

/** What countries are compared by: profiles and catalogues write them in either case, and their bytes stay as they came. */
export const countryKey = (country: string): string => country.toUpperCase();

/** The country of the request comes before that of the profile; the age is the profile's. */
export function viewerOf({ profile }: UserState, { country }: RequestContext): Viewer {
  return { country: countryKey(country || (profile?.country ?? '')), ageYears: profile?.ageYears ?? 0 };
}

/**
 * Whether the limits of country and age let this viewer watch. A viewer of unknown country is in none of the listed ones, of
 * unknown age younger than any limit: what may not be shown to some is not shown on a guess.
 */
export function isAvailable(availability: Availability | undefined, viewer: Viewer): boolean {
  if (availability === undefined) return true;
  const { countries, excludedCountries, minimumAgeYears } = availability;
  if (minimumAgeYears > viewer.ageYears) return false;
  if (countries.length > 0 && !isAmong(countries, viewer)) return false;
  return !isAmong(excludedCountries, viewer);
}

const isAmong = (countries: readonly string[], { country }: Viewer): boolean =>
  countries.some((one) => one === country || countryKey(one) === country);
