import { makeFolder } from '@watchnext/folder-lock';
import { ConfigError } from './load-config';

/**
 * Makes the folder that a setting names, so that one that cannot be used is told of at the start.
 *
 * @param name of the setting
 * @throws ConfigError
 */
export function requireFolder(name: string, path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ConfigError([`${name}: the folder ${path} cannot be made or written to (${reason}); name another one`]);
  }
}
