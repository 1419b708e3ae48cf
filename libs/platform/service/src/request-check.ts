/** Refuses numbers and texts that no sound program sends, before they become features. */
import { status } from '@grpc/grpc-js';
import type { RankRequest, RequestContext, UserState } from '@watchnext/contract';
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
  const problem = problemOf(message, path, { signed, maxItems, maxCharacters });
  if (problem) throw invalidArgument(path + problem.at, problem.what);
}

/**
 * What retrieval and ranking are told of the viewer.
 * @throws rpcError INVALID_ARGUMENT where one is missing, or not plausible
 */
export function requireStateAndContext({ state, context }: Pick<RankRequest, 'state' | 'context'>): {
  state: UserState;
  context: RequestContext;
} {
  if (!state) throw invalidArgument('state', 'is missing');
  if (!context) throw invalidArgument('context', 'is missing');
  requirePlausible(state, 'state');
  requirePlausible(context, 'context');
  if (context.requestedAtMs === 0) throw invalidArgument('context.requestedAtMs', 'is missing');
  return { state, context };
}

interface Problem {
  /** Below the value that was looked at; paths are put together for what is refused alone, as thousands are not. */
  readonly at: string;
  readonly what: string;
}

function problemOf(value: unknown, field: string, limits: Required<PlausibleLimits>): Problem | undefined {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return { at: '', what: `must be a finite number, not ${value}` };
    if (Math.abs(value) > 2 ** 53) return { at: '', what: 'is out of range' };
    if (value < 0 && !limits.signed.includes(field)) return { at: '', what: `must not be below zero, it is ${value}` };
    return undefined;
  }
  if (typeof value === 'string') {
    const { maxCharacters } = limits;
    return value.length > maxCharacters
      ? { at: '', what: `has ${value.length} characters, ${maxCharacters} are allowed` }
      : undefined;
  }
  if (Array.isArray(value)) {
    const { maxItems } = limits;
    if (value.length > maxItems) return { at: '', what: `has ${value.length} items, ${maxItems} are allowed` };
    for (let index = 0; index < value.length; index++) {
      const problem = problemOf(value[index], field, limits);
      if (problem) return { at: `[${index}]${problem.at}`, what: problem.what };
    }
  } else if (typeof value === 'object' && value !== null) {
    const fields = value as Record<string, unknown>;
    // Decoded messages inherit nothing: `Object.entries` would make two arrays for each of them.
    for (const key in fields) {
      const problem = problemOf(fields[key], key, limits);
      if (problem) return { at: `.${key}${problem.at}`, what: problem.what };
    }
  }
  return undefined;
}

/** INVALID_ARGUMENT whose message begins with the field's path. */
export function invalidArgument(field: string, problem: string) {
  return rpcError(status.INVALID_ARGUMENT, `${field} ${problem}`);
}
