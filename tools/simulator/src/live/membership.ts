/**
 * Who comes to the world and who logs in after its history, and when. All of it is a function of the world and its time: a
 * process that starts later is told of the very same viewers at the very same moments, and no state is kept.
 */
import { DAY_MS } from '@watchnext/features';
import { viewerId, type Viewer, type World } from '../world';

export interface Happening {
  readonly kind: 'came' | 'logged-in';
  /** Of the world's time. */
  readonly atMs: number;
  /** As it is known from then on. */
  readonly viewer: Viewer;
}

/** Of a viewer who was anonymous when the history ended, so many sessions would begin with a first login. */
const LOGIN_SHARE = 0.05;

export class Membership {
  private pending: Happening[];

  /** @param loginShare of the sessions of somebody anonymous at the end of the history, those that begin with a login */
  constructor(
    private readonly world: World,
    loginShare = LOGIN_SHARE,
  ) {
    const { dayCount } = world.options;
    this.pending = world.viewers.flatMap(({ index, loggedIn, bot, sessionsPerDay }) => {
      if (index >= world.options.viewerCount || loggedIn || bot) return [];
      const chance = world.random.fork(`login of viewer ${index}`).next();
      return this.loginOn(index, dayCount - Math.log(1 - chance) / (loginShare * sessionsPerDay));
    });
  }

  /** What happened since the last call, or since the history ended, up to `nowMs`; in order. Newcomers join the world. */
  due(nowMs: number): Happening[] {
    const { world } = this;
    const came = world.newcomersDue(nowMs);
    // Only now: the columns may have been exchanged for longer ones.
    const { joinDay, loginDay } = world.population;
    this.pending.push(
      ...came.map((viewer): Happening => ({
        kind: 'came',
        atMs: this.atDay(joinDay[viewer.index]),
        viewer,
      })),
      ...came.flatMap(({ index, loggedIn }) => (loggedIn ? [] : this.loginOn(index, loginDay[index]))),
    );
    const due = this.pending.filter(({ atMs }) => atMs <= nowMs);
    this.pending = this.pending.filter(({ atMs }) => atMs > nowMs);
    return due.sort((a, b) => a.atMs - b.atMs || a.viewer.index - b.viewer.index);
  }

  private loginOn(index: number, day: number): Happening[] {
    const anonymous = this.world.viewerAt(index);
    // Who leaves before stays anonymous.
    if (!(day < this.world.population.leaveDay[index])) return [];
    const viewer = { ...anonymous, id: viewerId(index), anonymousId: anonymous.id, loggedIn: true };
    return [{ kind: 'logged-in', atMs: this.atDay(day), viewer }];
  }

  private atDay(day: number): number {
    return Math.floor(this.world.startMs + day * DAY_MS);
  }
}
