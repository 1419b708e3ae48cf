/** The console page's files, read once into memory and served by name: nothing else on the disk can be reached. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyInstance } from 'fastify';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  // Everything comes from here. The page draws its thumbnails: those that a catalogue names would tell their hosts what whoever is
  // looked at has watched.
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** Files that are served under an address without a file name. */
const PAGES: Record<string, string> = { '/': '/index.html', '/docs': '/docs.html' };

/** @param directory absolute; every file below it is served. @returns the addresses of all of them */
export async function serveFiles(fastify: FastifyInstance, directory: string): Promise<ReadonlySet<string>> {
  const files = new Map<string, { bytes: Buffer; type: string; etag: string }>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    files.set(`/${relative(directory, path).split(sep).join('/')}`, { bytes, type, etag });
  }
  const routes = [...files].map(([path, file]) => ({ path, file }));
  for (const [path, target] of Object.entries(PAGES)) {
    const file = files.get(target);
    if (file) routes.push({ path, file });
  }
  for (const { path, file } of routes) {
    fastify.get(path, async (request, reply) => {
      void reply.headers({ ...HEADERS, etag: file.etag });
      if (request.headers['if-none-match'] === file.etag) return reply.status(304).send();
      return reply.type(file.type).send(file.bytes);
    });
  }
  return new Set(routes.map(({ path }) => path));
}
