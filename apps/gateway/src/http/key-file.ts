import { readFile, stat } from 'node:fs/promises';

/** A secret in a file of its own, read again when the file has changed. Never in a message. */
export class KeyFile {
  private key = '';
  private readAs = '';

  constructor(private readonly path: string) {}

  /** @throws when the file cannot be read or is empty: to send without the key would only move the error elsewhere */
  async read(): Promise<string> {
    const { mtimeMs, ino } = await stat(this.path);
    const version = `${ino} ${mtimeMs}`;
    if (version !== this.readAs) {
      this.key = (await readFile(this.path, 'utf8')).trim();
      this.readAs = version;
    }
    if (this.key === '') throw new Error('the file of the gateway’s API key is empty');
    return this.key;
  }
}
