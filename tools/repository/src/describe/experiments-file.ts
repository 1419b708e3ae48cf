/** The keys of an experiment in the file of experiments, from its schema. */
import { experimentsFileSchema } from '@watchnext/experiments';
import { z } from 'zod';
import { code, table } from './table';

type Schema = z.core.JSONSchema.JSONSchema;

export function experimentsFileTable(): string {
  const { experiments } = z.toJSONSchema(experimentsFileSchema, { io: 'input' }).properties as Record<string, Schema>;
  return table(['key', 'value', 'default', ''], keysOf(experiments.items as Schema, ''));
}

function keysOf({ properties = {}, required = [] }: Schema, prefix: string): string[][] {
  return Object.entries(properties as Record<string, Schema>).flatMap(([name, schema]) => {
    const key = `${prefix}${name}`;
    const isOptional = !required.includes(name) && schema.default === undefined;
    const row = [code(key), valuesOf(schema), defaultOf(schema), schema.description ?? ''];
    const item = schema.items as Schema | undefined;
    return [
      isOptional ? [...row.slice(0, 2), '*may be left out*', ...row.slice(3)] : row,
      ...keysOf(schema, `${key}.`),
      ...(item === undefined ? [] : keysOf(item, `${key}[].`)),
    ];
  });
}

const defaultOf = (schema: Schema): string =>
  schema.default === undefined ? '' : code(JSON.stringify(schema.default));

/** What may be given, in a few words. */
function valuesOf(schema: Schema): string {
  const { type, prefixItems, additionalProperties, format } = schema;
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (format === 'date-time') return 'time with its zone';
  if (prefixItems !== undefined) return `${prefixItems.length} numbers${boundsOf(prefixItems[0] as Schema)}`;
  if (type === 'array') return `list${itemsOf(schema.items as Schema)}`;
  if (type === 'object') return typeof additionalProperties === 'object' ? 'texts by name' : 'object';
  if (type === 'integer') return `whole number${boundsOf(schema)}`;
  return type === 'number' ? `number${boundsOf(schema)}` : type === 'boolean' ? '`true`, `false`' : 'text';
}

const itemsOf = (item: Schema) => (item.type === 'object' ? '' : ' of texts');

/** " above 0, at most 1"; "" for none. JSON's integers have bounds of their own, which say nothing. */
function boundsOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const bounds = [
    exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`,
    minimum === undefined ? undefined : `from ${minimum}`,
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : `to ${maximum}`,
    exclusiveMaximum === undefined ? undefined : `below ${exclusiveMaximum}`,
  ].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? '' : ` ${bounds.join(' ')}`;
}
