/**
 * Requests at a steady rate, whatever becomes of those before (open loop). Latencies count from when a request was due, so that
 * a sender that was held up hides nothing.
 */
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
  private readonly running = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private sent = 0;

  constructor(
    private readonly gatewayUrl: string,
    private readonly perSecond: number,
  ) {}

  start(): void {
    const startedAtMs = Date.now();
    const dueAtMs = () => startedAtMs + (this.sent * 1_000) / this.perSecond;
    this.timer = setInterval(() => {
      while (dueAtMs() <= Date.now()) {
        const asking: Promise<void> = this.ask(dueAtMs()).finally(() => this.running.delete(asking));
        this.running.add(asking);
        this.sent++;
      }
    }, 2);
  }

  /** Resolves once every request is answered or given up. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.running);
  }

  private async ask(dueAtMs: number): Promise<void> {
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
      const url = `${this.gatewayUrl}/v1/users/viewer-${this.sent % VIEWERS}/recommendations`;
      const response = await fetch(url, { signal: AbortSignal.timeout(GIVE_UP_MS) });
      note(response.status, (await response.json()) as object);
    } catch {
      note(0);
    }
  }
}
