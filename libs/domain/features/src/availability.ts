/** Who may be shown a video. */
import type { Availability, RequestContext, UserState } from '@watchnext/contract';

export interface Viewer {
  /** Empty where unknown. */
  readonly country: string;
  /** 0 where unknown. */
  readonly ageYears: number;
}

/** The country of the request comes before that of the profile; the age is the profile's. */
export function viewerOf({ profile }: UserState, { country }: RequestContext): Viewer {
  return { country: country || (profile?.country ?? ''), ageYears: profile?.ageYears ?? 0 };
}

/**
 * Whether the limits of country and age let this viewer watch. A viewer of unknown country is in none of the listed ones, of
 * unknown age younger than any limit: what may not be shown to some is not shown on a guess.
 */
export function isAvailable(availability: Availability | undefined, viewer: Viewer): boolean {
  if (availability === undefined) return true;
  const { countries, excludedCountries, minimumAgeYears } = availability;
  if (minimumAgeYears > viewer.ageYears) return false;
  if (countries.length > 0 && !countries.includes(viewer.country)) return false;
  return !excludedCountries.includes(viewer.country);
}
