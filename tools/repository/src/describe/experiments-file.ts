/** The keys of an experiment in the file of experiments, from its schema. */
import { type NumberBounds, numberText } from '@watchnext/config';
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
  const { type, prefixItems, additionalProperties, format, pattern } = schema;
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (format === 'date-time') return 'time with its zone';
  if (prefixItems !== undefined) return `${prefixItems.length} ${bareNumbers(prefixItems[0] as Schema)}`;
  if (type === 'array') return `list${itemsOf(schema)}`;
  if (type === 'object') return typeof additionalProperties === 'object' ? 'texts by name' : 'object';
  if (type === 'integer' || type === 'number') return numberText(schema as NumberBounds);
  if (type === 'boolean') return '`true`, `false`';
  return pattern === undefined ? 'text' : `text that matches ${code(pattern)}`;
}

const bareNumbers = (item: Schema) => numberText(item as NumberBounds).replace(/^(whole )?number/, '$1numbers');

/** " of texts, at least 1"; objects have rows of their own. */
function itemsOf({ items, minItems, maxItems }: Schema): string {
  const kind = (items as Schema).type === 'object' ? '' : ' of texts';
  if (minItems !== undefined && maxItems !== undefined) return `${kind}, ${minItems} to ${maxItems}`;
  if (minItems !== undefined) return `${kind}, at least ${minItems}`;
  return maxItems === undefined ? kind : `${kind}, at most ${maxItems}`;
}
