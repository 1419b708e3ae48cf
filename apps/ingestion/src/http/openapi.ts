import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MAX_BATCH_EVENTS } from '@watchnext/contract';
import { eventJson } from '../collect/event-json';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;

const SCHEMAS = {
  Event: eventJson.schema,
  EventBatch: {
    type: 'object',
    required: ['events'],
    properties: {
      events: { type: 'array', maxItems: MAX_BATCH_EVENTS, items: { $ref: '#/components/schemas/Event' } },
    },
  },
  BatchAnswer: {
    type: 'object',
    required: ['accepted', 'results'],
    properties: {
      accepted: count,
      results: {
        type: 'array',
        items: {
          type: 'object',
          required: ['index', 'eventId', 'status'],
          properties: {
            index: count,
            eventId: text,
            status: { ...text, enum: ['accepted', 'duplicate', 'rejected'] },
            field: text,
            code: {
              ...text,
              description:
                '"kind-not-allowed": the API key may not send this kind of event; "too-large": the event log never takes it.',
            },
            reason: text,
          },
        },
      },
    },
  },
  Lag: {
    type: 'object',
    required: ['materialised', 'archived', 'partitions'],
    properties: {
      materialised: count,
      archived: count,
      partitions: {
        type: 'array',
        items: {
          type: 'object',
          properties: { topic: text, partition: count, endOffset: count, materialised: count, archived: count },
        },
      },
    },
  },
  Error: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message', 'requestId'],
        properties: { code: text, message: text, field: text, requestId: text },
      },
    },
  },
};

export const ref = (name: keyof typeof SCHEMAS) => ({ $ref: `#/components/schemas/${name}` });

/** The document of the routes that this process has, by its roles. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const info = new DocumentBuilder()
    .setTitle('WatchNext ingestion')
    .setDescription('Accepts events.')
    .setVersion('1')
    .build();
  const document = SwaggerModule.createDocument(app, info);
  return { ...document, components: { ...document.components, schemas: SCHEMAS as never } };
}
