import type { FilterContext } from '../src/stages/filters';

/** A viewer for whom the filters leave everything in that the catalogue knows and that is to be had in Sweden at 30. */
export const NOTHING_TO_REMOVE: FilterContext = {
  seedVideoId: '',
  watchedVideoIds: new Set<string>(),
  dismissedVideoIds: new Set<string>(),
  tiredOfVideoIds: new Set<string>(),
  shown: new Set<number>(),
  blockedChannelIds: new Set<string>(),
  viewer: { country: 'SE', ageYears: 30 },
};
