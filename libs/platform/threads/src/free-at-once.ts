import { MessageChannel } from 'node:worker_threads';

const { port1: nowhere, port2: nobody } = new MessageChannel();
nowhere.close();
nobody.close();

/**
 * Gives an array's memory back now; it and all others on its buffer are empty afterwards. Memory outside of the heap counts toward the
 * next collection of all of it: an array of megabytes that a native library makes for each call has a large heap walked every few dozens of
 * megabytes, which takes longer than the calls.
 *
 * A buffer that is sent leaves its sender, and a closed port drops what it is sent.
 *
 * @throws DOMException for memory that cannot be sent, as shared memory
 */
export function freeAtOnce({ buffer }: NodeJS.TypedArray): void {
  nowhere.postMessage(undefined, [buffer as ArrayBuffer]);
}
