/**
 * Requests at a steady rate, whatever becomes of those before (open loop). Latencies count from when a request was due, so that
 * a sender that was held up hides nothing.
 */
import { SteadyPace } from './steady-pace';

export interface Answered {
  /** Milliseconds since the epoch. */
  readonly dueAtMs: number;
  readonly latencyMs: number;
  /** Of HTTP; 0: no answer at all. */
  readonly status: number;
  readonly rung: string;
  readonly snapshotId: string;
  readonly itemCount: number;
}

/** A request that is not answered by then never will be. */
const GIVE_UP_MS = 30_000;
const VIEWERS = 50;

export class SteadyLoad {
  readonly answers: Answered[] = [];
  private readonly pace: SteadyPace;

  constructor(
    private readonly gatewayUrl: string,
    perSecond: number,
  ) {
    this.pace = new SteadyPace(perSecond, (dueAtMs, index) => this.ask(dueAtMs, index));
  }

  start(): void {
    this.pace.start();
  }

  /** Resolves once every request is answered or given up. */
  stop(): Promise<void> {
    return this.pace.stop();
  }

  private async ask(dueAtMs: number, index: number): Promise<void> {
    const note = (status: number, answer: { rung?: string; snapshotId?: string; items?: unknown[] } = {}) =>
      this.answers.push({
        dueAtMs,
        latencyMs: Date.now() - dueAtMs,
        status,
        rung: answer.rung ?? '',
        snapshotId: answer.snapshotId ?? '',
        itemCount: answer.items?.length ?? 0,
      });
    try {
      const url = `${this.gatewayUrl}/v1/users/viewer-${index % VIEWERS}/recommendations`;
      const response = await fetch(url, { signal: AbortSignal.timeout(GIVE_UP_MS) });
      note(response.status, (await response.json()) as object);
    } catch {
      note(0);
    }
  }
}
