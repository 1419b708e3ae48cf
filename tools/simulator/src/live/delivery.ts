/** Brings events to the collector when they are due by the clock, some late and some twice, as producers do. */
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import type { EventSink } from '../sink';
import type { EventFactory } from './events';

export interface DeliverySetting {
  readonly sink: EventSink;
  readonly random: Random;
  readonly factory: EventFactory;
  readonly speed: number;
  /** Shares of the watches told late, and of all events told twice; default: as in the history. */
  readonly mishaps?: { readonly lateShare: number; readonly duplicateShare: number };
  readonly signal: AbortSignal;
  /** Rejects when the signal comes. */
  pause(ms: number): Promise<void>;
  background(work: Promise<void>): void;
}

const MISHAPS = { lateShare: 0.004, duplicateShare: 0.003 } as const;
const DELAY_MS = 3_600_000;

export class Delivery {
  constructor(private readonly setting: DeliverySetting) {}

  /**
   * Waits until the event is due. A stop makes all that is left of a page happen now: a page that was shown but whose
   * watches were never told would be learned from as a list that nobody liked.
   */
  async send(event: Event): Promise<void> {
    const { sink, random, signal, mishaps, pause, background } = this.setting;
    const leftMs = event.occurredAtMs - Date.now();
    if (leftMs > 0) await pause(leftMs).catch(() => undefined);
    const happened = signal.aborted ? this.happeningNow(event) : event;
    const { lateShare, duplicateShare } = mishaps ?? MISHAPS;
    const isRunning = !signal.aborted;
    if (isRunning && event.body?.$case === 'watch' && random.next() < lateShare) {
      background(this.sendLater(happened));
      return;
    }
    await sink.send(happened);
    if (isRunning && random.next() < duplicateShare) background(this.sendLater(happened));
  }

  /** As a producer without a connection, or one that tries again what had arrived. A stop makes it now. */
  private async sendLater(event: Event): Promise<void> {
    const { random, speed, pause, sink } = this.setting;
    await pause((DELAY_MS * (0.2 + random.next())) / speed).catch(() => undefined);
    await sink.send(event);
  }

  private happeningNow(event: Event): Event {
    const nowMs = Date.now();
    if (event.occurredAtMs <= nowMs) return event;
    // The id tells its time too, and the collector takes none from the future.
    return { ...event, eventId: this.setting.factory.newId(nowMs), occurredAtMs: nowMs };
  }
}
