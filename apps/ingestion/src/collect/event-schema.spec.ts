import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse, settleCountries } from '@watchnext/features';
import { EVENT_COMMENTS } from './event-comments';
import { eventJson, KIND_NAMES, readEventJson } from './event-json';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
  readonly example?: { readonly occurredAtMs: number; readonly watch: object };
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}
const schema = eventJson.schema as Schema;
const propertyOf = (kind: string, field: string) => schema.properties![kind].properties![field];

/** The example with one value of its watch, or of another kind, replaced. */
function faultOf(body: object, envelope: object = {}): string | undefined {
  const { occurredAtMs, watch: _watch, ...rest } = schema.example!;
  const event = readEventJson({ ...rest, occurredAtMs, ...body, ...envelope });
  return (refuse(event, occurredAtMs) ?? settleCountries(event))?.field;
}
const watchWith = (field: string, value: unknown) => faultOf({ watch: { ...schema.example!.watch, [field]: value } });

/** "Watch.positionSeconds" → the comment above it. */
function commentsOf(file: string): Record<string, string> {
  const found: Record<string, string> = {};
  let [message, comment] = ['', [] as string[]];
  for (const line of readFileSync(join(__dirname, '../../../../libs/contract/proto/watchnext', file), 'utf8').split(
    '\n',
  )) {
    const [, words] = /^\s*\/\/ ?(.*)$/.exec(line) ?? [];
    if (words !== undefined) {
      comment.push(words.trim());
      continue;
    }
    const [, opened] = /^message (\w+) \{/.exec(line) ?? [];
    const [, field] = /^\s+(?:repeated |optional )?[\w.]+ (\w+) = \d+;/.exec(line) ?? [];
    message = opened ?? message;
    const camel = field?.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const name = opened ?? (camel && `${message}.${camel}`);
    if (name && comment.length > 0) found[name] = comment.join(' ');
    comment = [];
  }
  return found;
}

describe('the schema of an event', () => {
  it('says of messages and fields what the contract says', () => {
    const ofContract = { ...commentsOf('state/v1/state.proto'), ...commentsOf('event/v1/event.proto') };
    for (const [name, comment] of Object.entries(EVENT_COMMENTS))
      expect([name, ofContract[name]]).toEqual([name, comment]);
    const ofEvents = Object.keys(commentsOf('event/v1/event.proto')).filter((name) => !name.startsWith('EventBatch'));
    expect(ofEvents.filter((name) => !(name in EVENT_COMMENTS))).toEqual([]);
    expect(propertyOf('watch', 'positionSeconds').description).toBe(ofContract['Watch.positionSeconds']);
    expect(schema.description).toBe(ofContract.Event);
  });

  it('has an example that is taken, and wants one kind', () => {
    expect(faultOf({ watch: schema.example!.watch })).toBeUndefined();
    expect(schema.oneOf!.map(({ required }) => required)).toEqual(KIND_NAMES.map((kind) => [kind]));
    expect(schema.required).toEqual(['eventId', 'occurredAtMs']);
    for (const field of schema.required!)
      expect(faultOf({ watch: schema.example!.watch }, { [field]: null })).toBe(field);
  });

  it.each([...KIND_NAMES])('requires of %s what is refused without it, and nothing else', (kind) => {
    const { properties, required } = schema.properties![kind];
    const value = Object.fromEntries(Object.keys(properties!).map((field) => [field, valueFor(properties![field])]));
    expect(faultOf({ [kind]: value })).toBeUndefined();
    const wanted = Object.keys(properties!).filter(
      (field) => faultOf({ [kind]: { ...value, [field]: null } }) !== undefined,
    );
    expect(wanted).toEqual(required);
  });

  it('bounds texts, numbers, lists and countries as they are checked', () => {
    const { maxLength } = propertyOf('watch', 'userId');
    expect(watchWith('userId', 'x'.repeat(maxLength!))).toBeUndefined();
    expect(watchWith('userId', 'x'.repeat(maxLength! + 1))).toBe('watch.userId');
    const { maximum } = propertyOf('watch', 'positionSeconds');
    expect(watchWith('positionSeconds', maximum)).toBeUndefined();
    expect(watchWith('positionSeconds', maximum! + 1)).toBe('watch.positionSeconds');
    const { maxItems } = propertyOf('impressionsViewed', 'impressionIds');
    const viewed = (count: number) =>
      faultOf({ impressionsViewed: { userId: 'u', requestId: 'r', impressionIds: Array<string>(count).fill('i') } });
    expect([viewed(maxItems!), viewed(maxItems! + 1)]).toEqual([undefined, 'impressionsViewed.impressionIds']);
    const pattern = new RegExp(propertyOf('watch', 'country').pattern!);
    for (const country of ['', 'de', 'DE', 'D', 'Germany', '49'])
      expect([country, pattern.test(country)]).toEqual([country, watchWith('country', country) === undefined]);
  });
});

function valueFor({ type, items, properties, pattern, enum: names }: Schema): unknown {
  if (type === 'object')
    return Object.fromEntries(Object.entries(properties!).map(([name, property]) => [name, valueFor(property)]));
  if (type === 'array') return [valueFor(items!)];
  if (type === 'boolean') return true;
  if (type === 'string') return names?.[0] ?? (pattern === undefined ? 'text' : 'DE');
  return 1;
}
