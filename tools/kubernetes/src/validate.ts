/** Strict validation of objects: what their schema does not know is a problem, in custom resources too. */
import { readFileSync } from 'node:fs';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import type { KubernetesObject } from './objects';
import { SCHEMAS } from './schemas/kinds';
import type { SchemaObject } from './schemas/strict-schema';

export class ManifestValidator {
  private readonly schemas = JSON.parse(readFileSync(SCHEMAS, 'utf8')) as {
    kinds: Record<string, SchemaObject>;
    definitions: Record<string, SchemaObject>;
  };
  private readonly compiled = new Map<string, ValidateFunction>();
  // Published schemas have formats of Go types, and tuples of types for what may be null.
  private readonly ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

  /** @returns what is wrong, each with its path; empty for a valid object */
  problemsOf(object: KubernetesObject): string[] {
    const kind = `${object.apiVersion}/${object.kind}`;
    const schema = this.schemas.kinds[kind];
    if (!schema) return [`no schema of ${kind}: add it to src/schemas/kinds.ts and run npm run schemas`];
    let validate = this.compiled.get(kind);
    if (!validate) {
      validate = this.ajv.compile({ allOf: [schema], definitions: this.schemas.definitions });
      this.compiled.set(kind, validate);
    }
    return validate(object) ? [] : (validate.errors ?? []).map(inWords);
  }
}

function inWords({ instancePath, keyword, message, params }: ErrorObject): string {
  if (keyword === 'additionalProperties')
    return `${instancePath}: unknown field ${String(params['additionalProperty'])}`;
  return `${instancePath}: ${message}${keyword === 'enum' ? ` (${String(params['allowedValues'])})` : ''}`;
}
