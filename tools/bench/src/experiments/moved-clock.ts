/**
 * A clock that can be moved: preloaded into every process of a system (`NODE_OPTIONS=--require=…`), it adds the
 * milliseconds that a file holds to the system's time, so that days of a real system pass in seconds. Timers run as always.
 */
import { readFileSync } from 'node:fs';

export const MOVED_CLOCK_FILE = 'MOVED_CLOCK_FILE';
const LOOK_EVERY_MS = 20;

const RealDate = Date;
let offsetMs = 0;

class MovedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + offsetMs);
    else super(...(args as []));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

/** Moves this process's clock as the file says, until the function that is returned is called. */
export function followClock(path: string): () => void {
  const look = () => {
    const text = readFileSync(path, 'utf8');
    // A file caught while it is written is empty.
    if (text !== '') offsetMs = Number(text);
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  globalThis.Date = MovedDate as DateConstructor;
  return () => {
    clearInterval(timer);
    globalThis.Date = RealDate;
  };
}

const path = process.env[MOVED_CLOCK_FILE];
if (path !== undefined) followClock(path);
