/** Watches that no list led to. */
import type { Random } from '@watchnext/learning';
import { ELSEWHERE_CHOICE } from '../habits';
import type { ViewerMemory } from '../memory';
import type { Moment, Truth } from '../truth';
import type { FrontPage } from './front-page';

/** Of a few videos that came the viewer's way, the most inviting, and how long it is watched; undefined where none invites. */
export function drawFromElsewhere(
  frontPage: FrontPage,
  truth: Truth,
  moment: Moment,
  memory: ViewerMemory,
  random: Random,
): { readonly videoIndex: number; readonly watchSeconds: number } | undefined {
  let best = -1;
  let bestAttraction = 0;
  for (let n = 0; n < ELSEWHERE_CHOICE; n++) {
    const video = frontPage.elsewhere(moment.viewerIndex, moment.atMs, random);
    const attraction = video < 0 ? 0 : truth.attractionAt(moment, video, memory);
    if (attraction > bestAttraction) [best, bestAttraction] = [video, attraction];
  }
  return best < 0 ? undefined : { videoIndex: best, watchSeconds: truth.drawWatchSecondsAt(moment, best, random) };
}
