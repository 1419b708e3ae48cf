/**
 * Checks of single fields. Each gives a refusal or undefined, so that they chain with `??`; the text of a refusal never
 * repeats the value, which may be long or private.
 *
 * The generated types promise strings and numbers, but what came in as JSON may still hold NaN or a fraction.
 */
import { LIMITS } from './limits';
import type { Refusal } from './types';

type Checked = Refusal | undefined;

export function missing(field: string): Refusal {
  return { code: 'missing-field', field, message: `${field} is required` };
}

export function invalid(field: string, rule: string): Refusal {
  return { code: 'invalid-field', field, message: `${field} ${rule}` };
}

/** Names the field within its message: "videoId" becomes "watch.videoId". */
export function within(prefix: string, refusal: Checked): Checked {
  if (refusal === undefined) return undefined;
  const { code, field, message } = refusal;
  return { code, field: `${prefix}.${field}`, message: `${prefix}.${message}` };
}

/** 1 to 128 characters, none of them a control character. */
export function requiredId(value: string, field: string): Checked {
  return value === '' ? missing(field) : optionalText(value, field);
}

/** 0 to 128 characters, none of them a control character. */
export function optionalText(value: string, field: string): Checked {
  if (typeof value !== 'string') return invalid(field, 'must be text');
  if (value.length > LIMITS.idCharacters) return invalid(field, `must have at most ${LIMITS.idCharacters} characters`);
  if (!isPlain(value)) return invalid(field, 'must not contain control characters or broken surrogate pairs');
  return undefined;
}

/** Finite and in [0, maximum]. */
export function amount(value: number, field: string, maximum: number): Checked {
  if (value >= 0 && value <= maximum) return undefined;
  return invalid(field, `must be a number from 0 to ${maximum}`);
}

/** A whole number in [0, maximum]. */
export function wholeNumber(value: number, field: string, maximum: number): Checked {
  if (Number.isSafeInteger(value) && value >= 0 && value <= maximum) return undefined;
  return invalid(field, `must be a whole number from 0 to ${maximum}`);
}

/** Finite as float32, which is what the wire has for it. */
export function finiteFloat(value: number, field: string): Checked {
  return Number.isFinite(Math.fround(value)) ? undefined : invalid(field, 'must be finite as a 32-bit number');
}

/** A time that has come, give or take a clock: whole milliseconds from 0 (unknown) to `latestMs`. */
export function pastTime(value: number, field: string, latestMs: number): Checked {
  if (!Number.isSafeInteger(value) || value < 0 || value > LIMITS.timeMs) {
    return invalid(field, 'must be whole milliseconds since 1970');
  }
  if (value > latestMs) return invalid(field, `lies more than ${LIMITS.clockAheadMs / 1000} s in the future`);
  return undefined;
}

export function atMost(list: readonly unknown[], field: string, maximum: number): Checked {
  return list.length <= maximum ? undefined : invalid(field, `must have at most ${maximum} entries`);
}

/** The first refusal that `check` gives for an entry, named as "field[index].…". */
export function each<Entry>(list: readonly Entry[], field: string, check: (entry: Entry) => Checked): Checked {
  for (let i = 0; i < list.length; i++) {
    const refusal = check(list[i]);
    if (refusal !== undefined) return within(`${field}[${i}]`, refusal);
  }
  return undefined;
}

/** Neither control characters nor lone surrogates (UTF-8 cannot hold those: the stored text would be another). */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0x7f) continue;
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return false;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}
