/** Random messages of any type, as proto3 JSON, with every field of the type filled sooner or later. */
import { type DescField, type DescMessage, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import type { Random } from '@watchnext/learning';

/** States hold states in the history of a merge: no deeper than this. */
const DEPTH = 4;
/** Numbers are exact in TypeScript up to 2^53. */
const LARGE = 2 ** 53 - 1;

export function randomMessage(message: DescMessage, random: Random, depth = 0): { [name: string]: JsonValue } {
  const json: { [name: string]: JsonValue } = {};
  for (const member of message.members) {
    const field = member.kind === 'oneof' ? member.fields[random.nextInt(member.fields.length)]! : member;
    const isMessage = field.message !== undefined;
    if (isMessage && depth >= DEPTH) continue;
    json[field.jsonName] = randomField(field, random, depth);
  }
  return json;
}

function randomField(field: DescField, random: Random, depth: number): JsonValue {
  const one = () => randomValue(field, random, depth);
  if (field.fieldKind === 'map') return { [`key-${random.nextInt(100)}`]: one() };
  return field.fieldKind === 'list' ? Array.from({ length: 1 + random.nextInt(2) }, one) : one();
}

function randomValue(field: DescField, random: Random, depth: number): JsonValue {
  if (field.message) return randomMessage(field.message, random, depth + 1);
  if (field.enum) return field.enum.values[random.nextInt(field.enum.values.length)]!.number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return `text-${random.nextInt(1_000_000)}`;
    case ScalarType.BYTES:
      return Buffer.from(`bytes-${random.nextInt(1_000_000)}`).toString('base64');
    case ScalarType.BOOL:
      return true;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      // Exact as a float, so that what is read can be compared.
      return (1 + random.nextInt(1_000)) / 8;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return String(1 + Math.floor(random.next() * (LARGE - 1)));
    default:
      return 1 + random.nextInt(1_000_000);
  }
}
