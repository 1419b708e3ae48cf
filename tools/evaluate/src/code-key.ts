/** Tells apart what was made by one state of the code from what was made by another. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kernelModule, nameOfKernels } from '@watchnext/tensor';

/** Of training a ranking model on what a replay gave, and of asking it. */
export const RANKING_PACKAGES: readonly string[] = [
  '@watchnext/evaluation',
  '@watchnext/features',
  '@watchnext/inference',
  '@watchnext/learning',
  '@watchnext/offline',
  '@watchnext/ranking-model',
  '@watchnext/tensor',
];

const TRAINS = '@watchnext/tensor';

const known = new Map<string, string>();

/**
 * The same as long as the code is, and the kernels that models are trained with are the same, compiled from the same source.
 * @param packages all modules of each
 * @param modules paths of modules of this project
 */
export function codeKeyOf(packages: readonly string[], modules: readonly string[]): string {
  const asked = [...packages, ...modules].join('\n');
  let key = known.get(asked);
  if (key === undefined) {
    const hash = createHash('sha256');
    for (const name of packages) addFolder(hash, dirname(require.resolve(name)));
    for (const path of modules) hash.update(readFileSync(path));
    if (packages.includes(TRAINS)) hash.update(nameOfKernels(kernelModule()));
    known.set(asked, (key = hash.digest('hex').slice(0, 24)));
  }
  return key;
}

/** All of a package's modules, in the order of their names, specs left out, and what is said of compiled ones. */
function addFolder(hash: ReturnType<typeof createHash>, folder: string): void {
  const modules = (readdirSync(folder, { recursive: true }) as string[]).filter(
    (name) => /\.([jt]s|json)$/.test(name) && !/\.(d|spec)\.ts$/.test(name),
  );
  for (const name of modules.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
}
