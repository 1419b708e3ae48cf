/** Refuses numbers and texts that no sound program sends, before they become features. */
import { status } from '@grpc/grpc-js';
import { rpcError } from './rpc';

export interface PlausibleLimits {
  /** Fields, by name, that may be below zero. */
  readonly signed?: readonly string[];
  /** Longest list; default 2,500 (a state remembers 2,000 events). */
  readonly maxItems?: number;
  /** Longest text; default 1,024. */
  readonly maxCharacters?: number;
}

/**
 * Walks a decoded message: numbers must be finite, at most 2^53 in size, and not below zero unless `signed` names
 * their field; lists and texts must keep to their limits.
 * @param path how the message is called in the error, as "state"
 * @throws rpcError INVALID_ARGUMENT that begins with the offending field's path, as "state.watches[3].watchSeconds"
 */
export function requirePlausible(message: unknown, path: string, limits: PlausibleLimits = {}): void {
  const { signed = [], maxItems = 2_500, maxCharacters = 1_024 } = limits;
  const visit = (value: unknown, at: string, field: string): void => {
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw invalidArgument(at, `must be a finite number, not ${value}`);
      if (Math.abs(value) > 2 ** 53) throw invalidArgument(at, 'is out of range');
      if (value < 0 && !signed.includes(field)) throw invalidArgument(at, `must not be below zero, it is ${value}`);
    } else if (typeof value === 'string') {
      if (value.length > maxCharacters)
        throw invalidArgument(at, `has ${value.length} characters, ${maxCharacters} are allowed`);
    } else if (Array.isArray(value)) {
      if (value.length > maxItems) throw invalidArgument(at, `has ${value.length} items, ${maxItems} are allowed`);
      value.forEach((item, index) => visit(item, `${at}[${index}]`, field));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) visit(item, `${at}.${key}`, key);
    }
  };
  visit(message, path, path);
}

/** INVALID_ARGUMENT whose message begins with the field's path. */
export function invalidArgument(field: string, problem: string) {
  return rpcError(status.INVALID_ARGUMENT, `${field} ${problem}`);
}
