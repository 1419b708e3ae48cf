import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { impressionIdOf } from '@watchnext/contract';
import type { FastifyInstance } from 'fastify';
import { v7 as timeOrderedId } from 'uuid';

/** Answers /openapi.json; its example of events is of the moment, as the collector refuses what is older than a day. */
export function serveOpenApi(app: NestFastifyApplication, fastify: FastifyInstance): void {
  const description = new DocumentBuilder()
    .setTitle('WatchNext gateway')
    .setDescription('Recommendations by expected watch time, and what the console page needs beside them.')
    .setVersion('1')
    .build();
  const document = SwaggerModule.createDocument(app, description);
  const { requestBody } = document.paths['/v1/events']?.post ?? {};
  if (requestBody === undefined || '$ref' in requestBody) throw new Error('the document has no body of events');
  const [body] = Object.values(requestBody.content);
  fastify.get('/openapi.json', async () => {
    body.example = exampleBatch(Date.now());
    return document;
  });
}

function exampleBatch(nowMs: number): object {
  const watch = {
    userId: 'u1',
    videoId: 'v1',
    playbackId: 'p1',
    impressionId: impressionIdOf(timeOrderedId({ msecs: nowMs }), 0),
    positionSeconds: 93.5,
  };
  return {
    events: [{ eventId: timeOrderedId({ msecs: nowMs }), occurredAtMs: nowMs, producer: 'my-site', watch }],
  };
}
