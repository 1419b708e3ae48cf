/** What may be given for a setting, in words, read off its schema: for the message about a wrong one and for the tables of documents. */
import { z } from 'zod';

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly entries?: Readonly<Record<string, string>>;
}

/** Of a JSON schema, which has them from zod's. */
export interface NumberBounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly type?: string;
}

export type SettingValues =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text' };

/** Through optional, default and transformations to what is read from the environment. */
function unwrapped(field: z.ZodType): z.ZodType {
  const { innerType, in: input } = field._zod.def as unknown as Definition;
  const inner = innerType ?? input;
  return inner === undefined ? field : unwrapped(inner);
}

export function valuesOf(field: z.ZodType): SettingValues {
  const inner = unwrapped(field);
  const { type, entries } = inner._zod.def as unknown as Definition;
  if (entries !== undefined) return { kind: 'choice', choices: Object.values(entries) };
  return type === 'number'
    ? { kind: 'number', text: numberText(z.toJSONSchema(inner) as NumberBounds) }
    : { kind: 'text' };
}

/** As "whole number of 1 or more", "number from 0 to 1", "number above 0 up to 10", "number above .5 and below 1". */
export function numberText(bounds: NumberBounds): string {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds;
  const isWhole = type === 'integer';
  const kind = isWhole ? 'whole number' : 'number';
  // What is as large or small as whole numbers get is no bound.
  const [low, high, above, below] = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].map((bound) =>
    bound === undefined || Math.abs(bound) >= Number.MAX_SAFE_INTEGER ? undefined : bound,
  );
  const least = isWhole && above !== undefined ? above + 1 : low;
  const most = isWhole && below !== undefined ? below - 1 : high;
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  const ends = [
    ...(least === undefined ? [] : [`of ${least} or more`]),
    ...(isWhole || above === undefined ? [] : [`above ${above}`]),
    ...(most === undefined ? [] : [`up to ${most}`]),
    ...(isWhole || below === undefined ? [] : [`below ${below}`]),
  ];
  return `${kind} ${ends.join(ends.at(-1)?.startsWith('below') ? ' and ' : ' ')}`.trimEnd();
}

/** For the message about a value that is wrong; undefined where the schema knows no more than that it is text. */
export function wantedOf(field: z.ZodType): string | undefined {
  const values = valuesOf(field);
  if (values.kind === 'choice') return `must be ${listed(values.choices)}`;
  return values.kind === 'number' ? `must be a ${values.text}` : undefined;
}

const listed = (names: readonly string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
