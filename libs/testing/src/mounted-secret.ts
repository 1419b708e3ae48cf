/** A Secret as Kubernetes mounts it: its files are links through one folder, which is swapped whole. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class MountedSecret<Name extends string> {
  private version = 0;

  constructor(
    readonly directory: string,
    contents: Readonly<Record<Name, string | Buffer>>,
  ) {
    mkdirSync(directory);
    this.replace(contents);
    for (const name of Object.keys(contents)) symlinkSync(join('..data', name), this.path(name as Name));
  }

  path(name: Name): string {
    return join(this.directory, name);
  }

  replace(contents: Readonly<Record<Name, string | Buffer>>): void {
    const folder = `..${this.version++}`;
    mkdirSync(join(this.directory, folder));
    for (const [name, content] of Object.entries<string | Buffer>(contents))
      writeFileSync(join(this.directory, folder, name), content);
    symlinkSync(folder, join(this.directory, '..data_tmp'));
    renameSync(join(this.directory, '..data_tmp'), join(this.directory, '..data'));
  }
}
