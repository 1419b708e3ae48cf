import { resolve } from 'node:path';
import type { FolderState } from './data-folder';
import { LaunchError } from './launch-error';
import type { LauncherOptions } from './options';

type Asked = Pick<LauncherOptions, 'dataset' | 'path' | 'mappingFile' | 'world' | 'given'>;

/**
 * A folder in use keeps its data set and world; asking for another one must not pass in silence.
 *
 * @throws LaunchError naming every option that asks for another one
 */
export function refuseOtherOptions(state: FolderState, options: Asked): void {
  const other: string[] = [];
  if (options.given.has('dataset') && options.dataset !== state.dataset)
    other.push(`--dataset ${options.dataset} (it holds ${state.dataset})`);
  const files = [
    ['path', options.path, state.path],
    ['mapping', options.mappingFile, state.mapping],
  ] as const;
  // What an earlier version loaded cannot be told: it is taken for what is asked for.
  for (const [name, asked, held] of files)
    if (asked !== undefined && held !== undefined && resolve(asked) !== held)
      other.push(`--${name} ${asked} (it holds ${held})`);
  for (const name of ['seed', 'users', 'videos', 'days'] as const) {
    if (options.given.has(name) && options.world[name] !== state.world?.[name])
      other.push(`--${name} ${options.world[name]} (it holds ${state.world?.[name] ?? 'none'})`);
  }
  if (other.length > 0)
    throw new LaunchError(
      `the data folder was filled otherwise: ${other.join(', ')}`,
      'Begin anew with --fresh, or choose another folder with --data.',
    );
}
