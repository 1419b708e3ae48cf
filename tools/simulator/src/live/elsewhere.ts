/** What comes a viewer's way outside of any list of ours in the live world, what was uploaded since the history among it. */
import { HOUR_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { Demand } from '../demand';
import { drawFromElsewhere } from '../life/elsewhere';
import { FrontPage } from '../life/front-page';
import type { ViewerMemory } from '../memory';
import type { Moment, Truth } from '../truth';
import type { World } from '../world';

export class Elsewhere {
  private hour = NaN;
  private frontPage!: FrontPage;

  constructor(
    private readonly world: World,
    private readonly truth: Truth,
  ) {}

  /** As in the history: of a few videos, the most inviting; undefined where none invites. */
  draw(moment: Moment, memory: ViewerMemory, random: Random): ReturnType<typeof drawFromElsewhere> {
    const hour = Math.floor(moment.atMs / HOUR_MS);
    // Demand is ordered once for all the videos there are; a million take a quarter of a second.
    if (hour !== this.hour) this.frontPage = new FrontPage(this.world, new Demand(this.world));
    this.hour = hour;
    return drawFromElsewhere(this.frontPage, this.truth, moment, memory, random);
  }
}
