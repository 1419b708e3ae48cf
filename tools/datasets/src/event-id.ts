import { hash } from 'node:crypto';

/**
 * A UUIDv7 that depends on nothing but its arguments, so that importing twice gives the same ids: the time in the
 * first 48 bits, the rest from SHA-256 of the name (RFC 9562 §5.7 leaves those bits to the implementation).
 *
 * @param name what the event stands for, unique within the data set
 */
export function eventIdOf(atMs: number, name: string): string {
  const time = Math.floor(atMs).toString(16).padStart(12, '0');
  const random = hash('sha256', name, 'hex');
  const variant = VARIANTS[parseInt(random[16], 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(13, 16)}-${variant}${random.slice(17, 20)}-${random.slice(20, 32)}`;
}

const VARIANTS = '89ab';
