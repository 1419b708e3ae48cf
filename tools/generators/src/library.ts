import { join } from 'node:path';
import { generateFiles, type Tree } from '@nx/devkit';
import { changedPaths, format, linkPackage, say } from './afterwards';
import { addReference, camelCase, requireKebabCase } from './edit';

export interface LibraryOptions {
  readonly name: string;
  readonly layer: 'domain' | 'platform';
}

/** @throws NameError */
export default async function library(tree: Tree, { name, layer }: LibraryOptions): Promise<() => void> {
  const root = `libs/${layer}/${name}`;
  requireKebabCase(tree, name, root);
  generateFiles(tree, join(__dirname, '..', 'files', 'library'), root, {
    name,
    layer,
    camelName: camelCase(name),
    tmpl: '',
  });
  addReference(tree, root);
  const changed = changedPaths(tree);
  return () => {
    linkPackage(tree, name, root);
    format(tree, changed);
    say(
      `${root} is there. Next:`,
      '  npm install --package-lock-only   # names it in the lock file',
      `  CODEOWNERS                        # whose it is; without a line the platform's`,
      `  npx jest --selectProjects ${name}`,
    );
  };
}
