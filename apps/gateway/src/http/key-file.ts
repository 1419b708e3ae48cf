import { readFile, stat } from 'node:fs/promises';

/** The message names neither the file nor what is in it: callers may see it. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** A secret in a file of its own, read again when the file has changed. Never in a message. */
export class KeyFile {
  private key = '';
  private readAs = '';

  constructor(private readonly path: string) {}

  /** @throws KeyFileError when the file cannot be read or is empty: to go on without the key would only move the error elsewhere */
  async read(): Promise<string> {
    try {
      const { mtimeMs, ino } = await stat(this.path);
      const version = `${ino} ${mtimeMs}`;
      if (version !== this.readAs) {
        this.key = (await readFile(this.path, 'utf8')).trim();
        this.readAs = version;
      }
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      throw new KeyFileError(`the file cannot be read (${code})`, { cause: error });
    }
    if (this.key === '') throw new KeyFileError('the file is empty');
    return this.key;
  }
}
