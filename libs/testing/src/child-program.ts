import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';

/** A TypeScript program that a spec runs as a process of its own, to be killed where it hurts. */
export class ChildProgram<Message extends { kind: string }> {
  readonly messages: Message[] = [];
  /** Standard output so far. */
  output = '';
  private errors = '';

  private constructor(readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    process.on('message', (message) => this.messages.push(message as Message));
    process.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  /**
   * Starts `file` with an IPC channel; needs no build.
   *
   * @param env added to this process's environment
   */
  static start<Message extends { kind: string }>(
    file: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): ChildProgram<Message> {
    const execArgv = ['--conditions=@watchnext/source', '--require', join(__dirname, '..', 'register-typescript.js')];
    const child = fork(file, [...args], {
      execArgv,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return new ChildProgram<Message>(child);
  }

  ofKind<Kind extends Message['kind']>(kind: Kind): Extract<Message, { kind: Kind }>[] {
    return this.messages.filter((message): message is Extract<Message, { kind: Kind }> => message.kind === kind);
  }

  /** Waits for the first message of a kind. @throws with the program's error output when it ended before */
  async has<Kind extends Message['kind']>(kind: Kind): Promise<Extract<Message, { kind: Kind }>> {
    return eventually(() => {
      const [message] = this.ofKind(kind);
      if (!message)
        throw new Error(`no message "${kind}" from the program${this.errors && `, which said:\n${this.errors}`}`);
      return message;
    });
  }

  send(message: object): void {
    this.process.send(message);
  }

  /**
   * Ends the process (by default at once, as a crash would) and waits until it is gone.
   *
   * @returns its exit code; null when a signal ended it
   */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit');
      this.process.kill(signal);
      await gone;
    }
    return this.process.exitCode;
  }
}
