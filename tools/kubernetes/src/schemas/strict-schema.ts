/**
 * Makes JSON schemas that refuse unknown fields of what Kubernetes publishes: the definitions of its own kinds (Swagger 2)
 * and the schemas in CustomResourceDefinitions. Rules in CEL (`x-kubernetes-validations`) are not in them.
 */
export type Schema = boolean | SchemaObject;
export interface SchemaObject {
  [keyword: string]: unknown;
}

const INT_OR_STRING: SchemaObject = { anyOf: [{ type: 'integer' }, { type: 'string' }] };
/** Written as a number as well as a string, as in `cpu: 2`. */
const QUANTITY: SchemaObject = { anyOf: [{ type: 'number' }, { type: 'string' }] };
const QUANTITY_DEFINITION = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const OBJECT_META = { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };
/** Keywords that constrain values; all others describe, or are for servers. */
const KEPT = new Set(
  [
    'type',
    'enum',
    'required',
    'pattern',
    'minimum',
    'maximum',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
  ].concat(['$ref', 'exclusiveMinimum', 'exclusiveMaximum', 'minProperties', 'maxProperties', 'uniqueItems']),
);

/**
 * @param definition of one type, as in Kubernetes' swagger.json or below `openAPIV3Schema`
 * @returns one that allows only the properties that it names
 */
export function strict(definition: SchemaObject): SchemaObject {
  if (definition['x-kubernetes-int-or-string'] === true || definition['format'] === 'int-or-string') {
    return INT_OR_STRING;
  }
  const result: SchemaObject = {};
  for (const [keyword, value] of Object.entries(definition)) {
    if (KEPT.has(keyword) && (keyword !== 'pattern' || isPattern(value as string))) result[keyword] = value;
  }
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    // These name properties that stand beside them: what is unknown, the outer schema says.
    if (Array.isArray(definition[keyword])) result[keyword] = (definition[keyword] as SchemaObject[]).map(loose);
  }
  if (isObject(definition['not'])) result['not'] = loose(definition['not']);
  if (isObject(definition['items'])) result['items'] = strict(definition['items']);
  const properties = definition['properties'];
  if (isObject(properties)) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, strict(property as SchemaObject)]),
    );
  }
  const additional = definition['additionalProperties'];
  if (isObject(additional)) result['additionalProperties'] = strict(additional);
  else if (typeof additional === 'boolean') result['additionalProperties'] = additional;
  else if (isObject(properties) && definition['x-kubernetes-preserve-unknown-fields'] !== true) {
    result['additionalProperties'] = false;
  }
  // Kubernetes reads null as absent where a field may be.
  if (definition['nullable'] === true && typeof result['type'] === 'string') result['type'] = [result['type'], 'null'];
  return result;
}

function loose(definition: SchemaObject): SchemaObject {
  const { additionalProperties: _, ...rest } = strict(definition);
  if (isObject(rest['properties'])) {
    rest['properties'] = Object.fromEntries(
      Object.entries(definition['properties'] as SchemaObject).map(([name, one]) => [name, loose(one as SchemaObject)]),
    );
  }
  return rest;
}

/** The definitions that these kinds reach, each strict. @throws Error for a kind that is not there */
export function strictDefinitions(
  definitions: Readonly<Record<string, SchemaObject>>,
  kinds: readonly { apiVersion: string; kind: string }[],
): { kinds: Record<string, SchemaObject>; definitions: Record<string, SchemaObject> } {
  const result: Record<string, SchemaObject> = {};
  const reach = (name: string) => {
    if (name in result) return;
    const definition = definitions[name];
    if (!definition) throw new Error(`no definition ${name}`);
    result[name] = name === QUANTITY_DEFINITION ? QUANTITY : strict(definition);
    for (const [, next] of JSON.stringify(result[name]).matchAll(/"#\/definitions\/([^"]+)"/g)) reach(next as string);
  };
  const roots: Record<string, SchemaObject> = {};
  for (const { apiVersion, kind } of kinds) {
    const name = Object.keys(definitions).find((one) => isKind(definitions[one] as SchemaObject, apiVersion, kind));
    if (name === undefined) throw new Error(`Kubernetes has no ${kind} of ${apiVersion}`);
    reach(name);
    roots[`${apiVersion}/${kind}`] = { $ref: `#/definitions/${name}` };
  }
  return { kinds: roots, definitions: result };
}

function isKind(definition: SchemaObject, apiVersion: string, kind: string): boolean {
  const of = definition['x-kubernetes-group-version-kind'] as
    { group: string; version: string; kind: string }[] | undefined;
  const wanted = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return of?.some((one) => one.kind === kind && `${one.group}/${one.version}` === wanted) ?? false;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: SchemaObject };
    }[];
  };
}

/** Schemas by "apiVersion/kind" of all versions of a custom resource; their status is for operators to write. */
export function strictCustomResource({ spec }: CustomResourceDefinition): Record<string, SchemaObject> {
  return Object.fromEntries(
    spec.versions.map(({ name, schema }) => {
      const { status: _, ...properties } = schema.openAPIV3Schema['properties'] as Record<string, SchemaObject>;
      const made = strict({ ...schema.openAPIV3Schema, properties });
      (made['properties'] as SchemaObject)['metadata'] = OBJECT_META;
      return [`${spec.group}/${name}/${spec.names.kind}`, made];
    }),
  );
}

/** Go's patterns may have flags inside, which this language has not: such a one is left to the server. */
function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
