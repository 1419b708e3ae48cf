/**
 * Deliveries on their way into the archive, on disk: one file for each partition, day and worker. Lives are told viewer
 * by viewer, the archive is written moment by moment; so that a world of any size fits in memory, only a day of one partition
 * is ever sorted at once.
 *
 * A record: time of delivery (8 bytes, double), viewer and order (4 each), lengths of key (2) and value (4), then both.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Delivery } from '../life/story';

const HEADER_BYTES = 22;
const BUFFER_BYTES = 1 << 17;

export class SpillWriter {
  private readonly buffers = new Map<string, { bytes: Buffer; length: number }>();

  constructor(
    private readonly folder: string,
    private readonly worker: number,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  add(partition: number, day: number, viewerIndex: number, { deliveredAtMs, order, key, value }: Delivery): void {
    const name = spillName(partition, day, this.worker);
    const size = HEADER_BYTES + key.length + value.length;
    let buffer = this.buffers.get(name);
    if (!buffer) this.buffers.set(name, (buffer = { bytes: Buffer.allocUnsafe(BUFFER_BYTES), length: 0 }));
    if (buffer.length + size > buffer.bytes.length) {
      this.write(name, buffer);
      if (size > buffer.bytes.length) buffer.bytes = Buffer.allocUnsafe(size);
    }
    const { bytes, length: at } = buffer;
    bytes.writeDoubleLE(deliveredAtMs, at);
    bytes.writeUInt32LE(viewerIndex, at + 8);
    bytes.writeUInt32LE(order, at + 12);
    bytes.writeUInt16LE(key.length, at + 16);
    bytes.writeUInt32LE(value.length, at + 18);
    bytes.write(key, at + HEADER_BYTES, 'latin1');
    bytes.set(value, at + HEADER_BYTES + key.length);
    buffer.length += size;
  }

  flush(): void {
    for (const [name, buffer] of this.buffers) this.write(name, buffer);
  }

  private write(name: string, buffer: { bytes: Buffer; length: number }): void {
    if (buffer.length > 0) appendFileSync(join(this.folder, name), buffer.bytes.subarray(0, buffer.length));
    buffer.length = 0;
  }
}

export interface SpilledRecord {
  readonly deliveredAtMs: number;
  readonly order: number;
  readonly key: string;
  readonly value: Uint8Array;
}

/** Days of a partition that anything was spilled for, ascending. */
export function spilledDays(folder: string, partition: number): number[] {
  const prefix = `p${partition}-d`;
  const days = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length, prefix.length + 5)));
  return [...new Set(days)].sort((a, b) => a - b);
}

/** A day of a partition by time, viewer and order, whichever worker told it. */
export function readSpilled(folder: string, partition: number, day: number): SpilledRecord[] {
  const prefix = spillName(partition, day, 0).slice(0, -'00000'.length);
  const records: (SpilledRecord & { viewerIndex: number })[] = [];
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix))) {
    const bytes = readFileSync(join(folder, name));
    for (let at = 0; at < bytes.length;) {
      const keyAt = at + HEADER_BYTES;
      const valueAt = keyAt + bytes.readUInt16LE(at + 16);
      const end = valueAt + bytes.readUInt32LE(at + 18);
      records.push({
        deliveredAtMs: bytes.readDoubleLE(at),
        viewerIndex: bytes.readUInt32LE(at + 8),
        order: bytes.readUInt32LE(at + 12),
        key: bytes.toString('latin1', keyAt, valueAt),
        value: bytes.subarray(valueAt, end),
      });
      at = end;
    }
  }
  return records.sort(
    (a, b) => a.deliveredAtMs - b.deliveredAtMs || a.viewerIndex - b.viewerIndex || a.order - b.order,
  );
}

function spillName(partition: number, day: number, worker: number): string {
  return `p${partition}-d${String(day).padStart(5, '0')}-w${String(worker).padStart(5, '0')}`;
}
