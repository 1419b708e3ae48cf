import Ajv from 'ajv';
import { strict, strictCustomResource, strictDefinitions } from './strict-schema';

const ajv = new Ajv({ strict: false, validateFormats: false });
const accepts = (schema: object, value: unknown) => ajv.compile(schema)(value);

describe('strict schemas', () => {
  it('refuse what they do not name, at any depth', () => {
    const schema = strict({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { list: { type: 'array', items: { type: 'object', properties: { a: {} } } } },
        },
      },
    });
    expect(accepts(schema, { spec: { list: [{ a: 1 }] } })).toBe(true);
    expect(accepts(schema, { spec: { list: [{ a: 1, b: 2 }] } })).toBe(false);
    expect(accepts(schema, { spec: { lists: [] } })).toBe(false);
    expect(accepts(schema, { specs: {} })).toBe(false);
  });

  it('leave maps and what preserves unknown fields open', () => {
    expect(accepts(strict({ type: 'object', additionalProperties: { type: 'string' } }), { any: 'thing' })).toBe(true);
    const open = { type: 'object', properties: { a: {} }, 'x-kubernetes-preserve-unknown-fields': true };
    expect(accepts(strict(open), { b: 1 })).toBe(true);
  });

  it('take numbers and strings for what may be both', () => {
    const schema = strict({ type: 'string', format: 'int-or-string' });
    expect([8080, 'http', true].map((value) => accepts(schema, value))).toEqual([true, true, false]);
  });

  it('let a branch of oneOf speak of properties that stand beside it', () => {
    const schema = strict({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ properties: { a: {} }, required: ['a'] }, { required: ['b'] }],
    });
    expect(accepts(schema, { a: 'x' })).toBe(true);
    expect(accepts(schema, { a: 'x', b: 'y' })).toBe(false);
    expect(accepts(schema, { b: 'y', c: 'z' })).toBe(false);
  });

  it('leave out patterns of another language', () => {
    expect(strict({ type: 'string', pattern: '^(?i)(abort)$' })).toEqual({ type: 'string' });
    expect(strict({ type: 'string', pattern: '^a$' })).toEqual({ type: 'string', pattern: '^a$' });
  });

  it('take of the definitions only what the kinds reach', () => {
    const of = (kind: string) => [{ group: '', version: 'v1', kind }];
    const definitions = {
      A: { properties: { b: { $ref: '#/definitions/B' } }, 'x-kubernetes-group-version-kind': of('A') },
      B: { properties: { a: { $ref: '#/definitions/A' } } },
      C: { properties: {} },
    };
    const made = strictDefinitions(definitions, [{ apiVersion: 'v1', kind: 'A' }]);
    expect(Object.keys(made.definitions)).toEqual(['A', 'B']);
    expect(made.kinds).toEqual({ 'v1/A': { $ref: '#/definitions/A' } });
    expect(() => strictDefinitions(definitions, [{ apiVersion: 'v1', kind: 'D' }])).toThrow('no D of v1');
  });

  it('of custom resources take no status, which is not for people to write', () => {
    const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object' }, status: { type: 'object' } } };
    const made = strictCustomResource({
      spec: { group: 'x.io', names: { kind: 'Thing' }, versions: [{ name: 'v1', schema: { openAPIV3Schema } }] },
    });
    expect(Object.keys(made)).toEqual(['x.io/v1/Thing']);
    expect(Object.keys((made['x.io/v1/Thing'] as { properties: object }).properties)).toEqual(['spec', 'metadata']);
  });
});
