import { Transform } from 'node:stream';

/** Aborts a transfer that has made no progress for a while, however long it takes as a whole. */
export class StallGuard {
  stalled: Error | undefined;
  private readonly abort = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(private readonly limitMs: number) {
    this.timer = setTimeout(this.giveUp, limitMs);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  private readonly progress = (): void => {
    clearTimeout(this.timer);
    if (!this.stalled) this.timer = setTimeout(this.giveUp, this.limitMs);
  };

  /** A stream to put between source and target. */
  watch(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.progress();
        done(null, chunk);
      },
    });
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private readonly giveUp = (): void => {
    this.stalled = new Error(`nothing moved for ${this.limitMs} ms`);
    this.abort.abort();
  };
}
