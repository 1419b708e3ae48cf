/** Describes a route in OpenAPI by the very schemas that check it. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { TOO_MANY_READS } from './console-reads';
import { PRIVATE } from './private-answers';
import { errorAnswer } from './schemas';

export const NOT_READY = 'The catalogue is not read yet: send it again later.';
const TOKEN = 'token of the console (Authorization: Bearer …)';
/** Of what is the console's: its token, and its few reads at once. */
export const CONSOLE_ERRORS = {
  401: `Without the ${TOKEN}.`,
  403: `The gateway was given no ${TOKEN}.`,
  429: TOO_MANY_READS,
} as const;

export interface RouteDocumentation {
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly answer?: z.ZodType;
  /** What is answered besides the answer: status → when. */
  readonly errors?: Readonly<Record<number, string>>;
}

const ANSWER_HEADERS = {
  'cache-control': {
    description: 'Not for caches, neither on the way nor at the viewer.',
    schema: { type: 'string', enum: [PRIVATE] },
  },
};

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' }) as object;

export function Documented({
  summary,
  description,
  path,
  query,
  answer,
  errors = {},
}: RouteDocumentation): MethodDecorator {
  const parameters = (schema: z.ZodObject | undefined) => Object.entries(schema?.shape ?? {}) as [string, z.ZodType][];
  return applyDecorators(
    ApiOperation({ summary, ...(description ? { description } : {}) }),
    ...parameters(path).map(([name, schema]) =>
      ApiParam({ name, required: true, schema: jsonSchema(schema, 'input') }),
    ),
    ...parameters(query).map(([name, schema]) =>
      ApiQuery({
        name,
        required: false,
        schema: jsonSchema(schema, 'input'),
        ...(schema.description ? { description: schema.description } : {}),
      }),
    ),
    ...(answer
      ? [
          ApiResponse({
            status: 200,
            description: 'The answer.',
            headers: ANSWER_HEADERS,
            schema: jsonSchema(answer, 'output'),
          }),
        ]
      : []),
    ...Object.entries(errors).map(([status, when]) =>
      ApiResponse({ status: Number(status), description: when, schema: jsonSchema(errorAnswer, 'output') }),
    ),
  );
}
