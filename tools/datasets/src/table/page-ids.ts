import { DAY_MS } from '@watchnext/features';
import { shortened } from './interpret';

/**
 * Of an impression. Each part tells its length: users, requests and surfaces may have colons, and two pages that are spelled the
 * same when joined would be served as one, to one of their users.
 */
export function pageIdsOf(
  userId: string,
  request: string,
  surface: string,
  atMs: number,
): { readonly pageId: string; readonly listId: string } {
  const page = `table:${measured(userId)}:${request === '' ? Math.floor(atMs / DAY_MS) : measured(request)}`;
  const pageId = shortened(page);
  return { pageId, listId: surface === '' ? pageId : shortened(`${page}:${measured(surface)}`) };
}

const measured = (part: string) => `${part.length}:${part}`;
