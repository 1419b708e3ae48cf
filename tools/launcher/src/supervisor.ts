/** All services of one start: started together, kept up, stopped in order. */
import type { DataFolder } from './data-folder';
import { KeptService, type KeptServiceDefinition } from './kept-service';

/** Ingestion first: it creates the topics. The gateway last, for it asks the others. */
const STARTS_FIRST = 'ingestion';
/** Training in the background must leave the processors to serving. */
const BACKGROUND_NICENESS = 10;
/** It starts while the others work, on a machine that may have no time left for it. */
const BACKGROUND_START_LIMIT_MS = 300_000;

export class Supervisor {
  private readonly services: KeptService[] = [];
  /** A training run of the launcher's own. */
  private extraPid: number | undefined;

  constructor(
    private readonly folder: DataFolder,
    private readonly say: (text: string) => void,
  ) {}

  /** @throws LaunchError with the last words of a service that does not start */
  async start(definitions: readonly KeptServiceDefinition[]): Promise<void> {
    const processes = definitions.map((definition) => this.add(definition));
    const first = processes.filter(({ definition }) => definition.name === STARTS_FIRST);
    await Promise.all(first.map((service) => service.start()));
    await Promise.all(processes.filter((service) => !first.includes(service)).map((service) => service.start()));
  }

  /** Starts a service that may take what processor time the others leave; they go on without it for as long as it does not start. */
  startInBackground(definition: KeptServiceDefinition): void {
    const background = { niceness: BACKGROUND_NICENESS, startLimitMs: BACKGROUND_START_LIMIT_MS };
    this.add({ ...definition, ...background }).startAnyway();
  }

  /** Notes a process that is not a service, so that a later start knows of it. */
  setExtraProcess(pid: number | undefined): void {
    this.extraPid = pid;
    this.noteProcesses();
  }

  /** The last started first, each after it has drained, except that the models' services go together. */
  async stop(): Promise<void> {
    const byName = (names: readonly string[]) =>
      this.services.filter(({ definition }) => names.includes(definition.name));
    for (const group of [byName(['trainer', 'gateway']), byName(['retrieval', 'ranking']), byName(['ingestion'])]) {
      await Promise.all(group.map((service) => service.stop()));
    }
  }

  /** At once; for a second Ctrl-C. */
  kill(): void {
    for (const service of this.services) service.kill();
    if (this.extraPid !== undefined) {
      try {
        process.kill(this.extraPid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
  }

  private add(definition: KeptServiceDefinition): KeptService {
    const logFile = this.folder.logFile(definition.name);
    const service = new KeptService(definition, logFile, {
      onCrash: (name, how, delayMs) =>
        this.say(`${name} ended (${how}); it is started again in ${delayMs / 1_000} s. Its log: ${logFile}`),
      onRestarted: (name) => this.say(`${name} runs again.`),
      onProcessesChanged: () => this.noteProcesses(),
    });
    this.services.push(service);
    return service;
  }

  private noteProcesses(): void {
    const pids = [...this.services.map((service) => service.pid), this.extraPid].filter((pid) => pid !== undefined);
    this.folder.noteProcesses(pids);
  }
}
