/**
 * Strict types for proto3 JSON. The generated `fromJSON` turns anything into something (a number into text, "abc" into
 * NaN, an unknown field into nothing), so the collector asks here first. The same declarations describe themselves for
 * the OpenAPI document, which therefore cannot promise what is not checked.
 *
 * Accepted as in the proto3 JSON mapping: camelCase and snake_case names, null for an absent field, decimal text for
 * 64-bit integers, enum values by name or number.
 */

/** One field is not what its type says. */
export class FieldError extends Error {
  constructor(
    /** As "impressionsServed.items[3].videoId". */
    readonly field: string,
    readonly code: 'invalid-type' | 'unknown-field' | 'unknown-kind' | 'missing-field',
    message: string,
  ) {
    super(message);
    this.name = 'FieldError';
  }
}

export interface JsonType {
  /** @throws FieldError naming the field */
  check(value: unknown, field: string): void;
  /** JSON Schema of what is accepted. */
  readonly schema: object;
}

const MAX_UINT32 = 2 ** 32 - 1;
const NAME_CHARACTERS = 64;

function scalar(expected: string, schema: object, accepts: (value: unknown) => boolean): JsonType {
  return {
    schema,
    check(value, field) {
      if (!accepts(value)) throw new FieldError(field, 'invalid-type', `${field} must be ${expected}`);
    },
  };
}

export const text = scalar('text', { type: 'string' }, (value) => typeof value === 'string');
export const truth = scalar('true or false', { type: 'boolean' }, (value) => typeof value === 'boolean');
export const number = scalar('a finite number', { type: 'number' }, (value) => Number.isFinite(value));
export const uint32 = scalar(
  `a whole number from 0 to ${MAX_UINT32}`,
  { type: 'integer', minimum: 0, maximum: MAX_UINT32 },
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_UINT32,
);
export const int64 = scalar(
  'a whole number of at most 53 bits, or the same in decimal text',
  { type: 'integer', format: 'int64' },
  (value) => Number.isSafeInteger(typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value),
);

export function oneOfNames(names: readonly string[]): JsonType {
  return scalar(`one of ${names.join(', ')}`, { type: 'string', enum: names }, (value) =>
    typeof value === 'string' ? names.includes(value) : Number.isInteger(value) && (value as number) in names,
  );
}

/** Tells of a rule that is looked at elsewhere: `refuse` and `settleCountries` have those of what was read. */
export const ruled = (type: JsonType, rule: object): JsonType => ({ ...type, schema: { ...type.schema, ...rule } });

/** @param maxItems as `refuse` has it */
export function list(element: JsonType, maxItems: number): JsonType {
  return {
    schema: { type: 'array', maxItems, items: element.schema },
    check(value, field) {
      if (!Array.isArray(value)) throw new FieldError(field, 'invalid-type', `${field} must be a list`);
      value.forEach((entry, i) => element.check(entry, `${field}[${i}]`));
    },
  };
}

export interface MessageOptions {
  /** Descriptions by the message's name and, after a dot, its field's. */
  readonly comments?: Readonly<Record<string, string>>;
  /** Fields that `refuse` wants to be there. */
  readonly required?: readonly string[];
  /** The code for a name that is not declared. */
  readonly unknownCode?: 'unknown-field' | 'unknown-kind';
}

/** @param messageName in the contract */
export function message(
  messageName: string,
  fields: Record<string, JsonType>,
  { comments = {}, required = [], unknownCode = 'unknown-field' }: MessageOptions = {},
): JsonType {
  const described = ({ schema }: JsonType, name: string): object =>
    Object.hasOwn(comments, name) ? { ...schema, description: comments[name] } : schema;
  const types = new Map<string, JsonType>();
  for (const [name, type] of Object.entries(fields)) types.set(name, type).set(snakeCase(name), type);
  return {
    schema: {
      type: 'object',
      ...(Object.hasOwn(comments, messageName) ? { description: comments[messageName] } : {}),
      additionalProperties: false,
      ...(required.length > 0 ? { required } : {}),
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, type]) => [name, described(type, `${messageName}.${name}`)]),
      ),
    },
    check(value, field) {
      if (!isObject(value)) throw new FieldError(field, 'invalid-type', `${field || 'an event'} must be an object`);
      for (const [name, entry] of Object.entries(value)) {
        const path = `${field && `${field}.`}${name.slice(0, NAME_CHARACTERS)}`;
        const type = types.get(name);
        if (!type) throw new FieldError(path, unknownCode, unknownText(path, unknownCode));
        if (entry !== null) type.check(entry, path);
      }
    },
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function unknownText(path: string, code: string): string {
  if (code === 'unknown-kind') return `${path} is neither a kind of event nor a field of the envelope`;
  return `${path} is not a field of this message`;
}
