/** Opens a folder as an event archive, for processes that conformance specs start. */
import { type EventArchive, openParquetArchive } from '@watchnext/event-archive';

export async function open(directory: string): Promise<EventArchive> {
  return openParquetArchive(directory);
}
