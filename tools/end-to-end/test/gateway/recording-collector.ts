import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A collector that keeps what it was sent and answers as it is told. */
export class RecordingCollector {
  readonly received: { contentType: string | undefined; apiKey: string | string[] | undefined; body: Buffer }[] = [];
  answer = { status: 200, body: '{"accepted":0,"results":[]}' };
  private readonly server: Server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      this.received.push({ contentType: request.headers['content-type'], apiKey: request.headers['x-api-key'], body });
      response.writeHead(this.answer.status, { 'content-type': 'application/json' }).end(this.answer.body);
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
