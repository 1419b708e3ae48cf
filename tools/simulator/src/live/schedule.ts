/**
 * What happens in the live world at moments of its own, whoever looks: videos are uploaded, viewers come, the anonymous log
 * in. All of it is told again by a process that starts later, with the same ids as long as the speed is the same, and nothing of
 * it counts twice: profiles and videos are replaced, merges are joins.
 */
import type { Event } from '@watchnext/contract';
import { unlessAborted } from '@watchnext/waiting';
import { videoUpserted } from '../catalogue-events';
import type { EventSink } from '../sink';
import type { Video, Viewer, World } from '../world';
import type { WorldClock } from './clock';
import { EventFactory } from './events';
import { Membership, type Happening } from './membership';

export interface ScheduleSetting {
  readonly world: World;
  readonly clock: WorldClock;
  readonly sink: EventSink;
  /** Of the world's time. */
  readonly uploadEveryMs: number;
  readonly loginShare?: number;
  readonly signal: AbortSignal;
  onUpload(): void;
  /** @param atMs of the world's time */
  onNewcomer(viewer: Viewer, atMs: number): void;
  /** Called with the viewer as it is known from now on, before what follows is sent. */
  onLogin(viewer: Viewer): void;
  /** Lets nobody log in within a session. `work` is told whether it had to wait; resolves without waiting itself. */
  whenFree(viewer: Viewer, work: (waited: boolean) => Promise<void>): Promise<void>;
}

/** How many of what was due have been told, of uploads first and then of what viewers did. */
export type OnTold = (what: 'uploads' | 'viewers', done: number, total: number) => void;

/** A collector takes what is older than a day only as told after the fact. */
const BYGONE_MS = 12 * 3_600_000;
/** A merge makes the collector wait for what was told before, so batches of them are kept small. */
const EVENTS_PER_FLUSH = 50;

export class Schedule {
  private readonly membership: Membership;
  private sentCount = 0;

  constructor(private readonly setting: ScheduleSetting) {
    this.membership = new Membership(setting.world, setting.loginShare);
  }

  /** Tells what is due since the last call, or since the history ended; resolves when the collector has it, or at a stop. */
  async tellDue(onTold?: OnTold): Promise<void> {
    const sentBefore = this.sentCount;
    await this.tellUploads(onTold);
    await this.tellViewers(onTold);
    if (this.sentCount > sentBefore) await this.flush();
  }

  /** Of what is due, the uploads. */
  async tellUploads(onTold?: OnTold): Promise<void> {
    const { world, clock, uploadEveryMs, signal } = this.setting;
    const due = world.uploadDue(clock.nowMs, uploadEveryMs);
    for (const [place, video] of due.entries()) {
      if (signal.aborted) return;
      await this.send(videoUpserted(world, asTold(video, clock), false));
      this.setting.onUpload();
      onTold?.('uploads', place + 1, due.length);
    }
  }

  private async tellViewers(onTold?: OnTold): Promise<void> {
    const due = this.membership.due(this.setting.clock.nowMs);
    for (const [place, happening] of due.entries()) {
      if (this.setting.signal.aborted) return;
      if (happening.kind === 'came') await this.welcome(happening);
      else await this.setting.whenFree(happening.viewer, (waited) => this.logIn(happening, waited));
      onTold?.('viewers', place + 1, due.length);
    }
  }

  private async welcome({ viewer, atMs }: Happening): Promise<void> {
    if (viewer.loggedIn) await this.send(this.factoryFor('coming', viewer).registered(viewer, this.clockMsAt(atMs)));
    this.setting.onNewcomer(viewer, atMs);
  }

  private async logIn({ viewer, atMs }: Happening, waited: boolean): Promise<void> {
    const clockMs = waited ? Date.now() : this.clockMsAt(atMs);
    const factory = this.factoryFor('login', viewer);
    await this.send(factory.registered(viewer, clockMs));
    await this.send(factory.merged(viewer, viewer.anonymousId as string, clockMs));
    this.setting.onLogin(viewer);
    // What is asked for next is asked for under the new id.
    if (waited) await this.flush();
  }

  private async send(event: Event): Promise<void> {
    const isBygone = event.occurredAtMs < Date.now() - BYGONE_MS;
    await this.setting.sink.send(isBygone ? { ...event, receivedAtMs: event.occurredAtMs, backfill: true } : event);
    if (++this.sentCount % EVENTS_PER_FLUSH === 0) await this.flush();
  }

  /** A collector that takes nothing would keep a stop waiting for ever: what it has not taken then is its client's to deliver. */
  private async flush(): Promise<void> {
    const { sink, signal } = this.setting;
    if (signal.aborted) return;
    await unlessAborted(sink.flush(), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  private clockMsAt(worldMs: number): number {
    return Math.floor(this.setting.clock.clockMsAt(worldMs));
  }

  private factoryFor(what: string, { index }: Viewer): EventFactory {
    return new EventFactory(this.setting.world.random.fork(`ids of the ${what} of viewer ${index}`));
  }
}

/** What was uploaded since the history is told as uploaded by the clock. */
export function asTold(video: Video, clock: WorldClock): Video {
  return { ...video, uploadedAtMs: Math.floor(clock.clockMsAt(video.uploadedAtMs)) };
}
