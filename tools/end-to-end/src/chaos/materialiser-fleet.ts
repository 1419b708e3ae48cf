/** Real ingestion processes of role "materialise", each with a folder, a log and a life of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from '@watchnext/service-process';
import { isolatedService } from '../isolated-service';

const START_ATTEMPTS = 5;

export interface Materialiser {
  readonly name: string;
  readonly process: ServiceProcess;
}

export class MaterialiserFleet {
  private readonly running: Materialiser[] = [];
  private readonly all: Materialiser[] = [];

  /** @param directory for logs and, with embedded drivers, for the data */
  constructor(
    private readonly directory: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  get size(): number {
    return this.running.length;
  }

  /** Starts one more; resolves when it says that it is ready. */
  async add(environment: Readonly<Record<string, string>> = {}): Promise<Materialiser> {
    const name = `materialiser-${this.all.length + 1}`;
    const process = isolatedService(
      'ingestion',
      {
        WATCHNEXT_DATA_DIR: this.directory,
        WATCHNEXT_INGESTION_ROLES: 'materialise',
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_LOG_FORMAT: 'json',
        ...this.environment,
        ...environment,
      },
      join(this.directory, 'logs', name),
    );
    const materialiser = { name, process };
    this.all.push(materialiser);
    await startAsOrchestrator(process);
    this.running.push(materialiser);
    return materialiser;
  }

  /** kill -9. @param pick which of the running ones, from 0; wraps around */
  async kill(pick: number): Promise<string> {
    const victim = this.take(pick);
    await victim.process.kill();
    return victim.name;
  }

  /** SIGTERM: ends its batches and leaves the group. */
  async remove(pick: number): Promise<string> {
    const leaver = this.take(pick);
    await leaver.process.stop();
    return leaver.name;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.running.splice(0).map(({ process }) => process.kill()));
  }

  /** Lines of all logs that contain the text. */
  loggedCount(text: string): number {
    return this.all.reduce((count, materialiser) => count + logLines(materialiser, text).length, 0);
  }

  private take(pick: number): Materialiser {
    const [taken] = this.running.splice(pick % this.running.length, 1);
    if (!taken) throw new Error('no materialiser is running');
    return taken;
  }
}

/** A process that finds a server down while it starts ends, and is started again. */
async function startAsOrchestrator(process: ServiceProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await process.start();
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await sleep(500);
    }
  }
}

/** Lines of one process's log that contain the text. */
export function logLines({ process }: Materialiser, text: string): string[] {
  return readFileSync(process.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));
}
