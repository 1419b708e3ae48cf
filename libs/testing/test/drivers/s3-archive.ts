/** Opens a prefix of a bucket as an event archive, for processes that conformance specs start. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventArchive, openS3Archive } from '@watchnext/event-archive';
import type { ObjectStoreSettings } from '@watchnext/object-store';

/** @param location the settings as JSON, with the folder below which caches go */
export async function open(location: string): Promise<EventArchive> {
  const { caches = tmpdir(), ...settings } = JSON.parse(location) as ObjectStoreSettings & { caches?: string };
  return openS3Archive(settings, { cacheDirectory: await mkdtemp(join(caches, 'watchnext-s3-archive-')) });
}
