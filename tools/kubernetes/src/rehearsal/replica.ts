/** One pod, as a process: started, probed as its manifest says, taken out, and ended as Kubernetes ends it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { ServiceProcess, until } from '@watchnext/end-to-end';
import { service as healthService } from 'grpc-health-check';
import type { Workload } from '../pods';
import { localSettings, type Place } from './settings';

/** Linux counts a process's time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  readonly peakMemoryMb: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export class Replica {
  private readonly process: ServiceProcess;
  private startedAtMs = 0;
  /** Whether a Service would send it anything. */
  isEndpoint = false;
  readonly usages: Usage[] = [];

  constructor(
    readonly workload: Workload,
    readonly name: string,
    /** In the order of the container's ports. */
    readonly ports: readonly number[],
    place: Place,
  ) {
    const folder = join(place.directory, name);
    this.process = new ServiceProcess(workload.app, localSettings(workload, place, ports, folder), folder);
  }

  get port(): number {
    return this.ports[0] as number;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  logTail(): string {
    return this.process.logTail();
  }

  async start(): Promise<void> {
    this.startedAtMs = performance.now();
    await this.process.start();
  }

  /** Waits until its readiness probe succeeds, then lets it have its share. */
  async join(limitMs: number): Promise<void> {
    await until(`${this.name} to be ready`, () => this.isReady(), limitMs);
    this.isEndpoint = true;
  }

  /** Out of the Service, then preStop, then SIGTERM. */
  async leave(preStopSeconds: number): Promise<void> {
    this.isEndpoint = false;
    await sleep(1_000 * preStopSeconds);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.isEndpoint = false;
    this.measure();
    await this.process.stop();
  }

  private isReady(): Promise<boolean> {
    const { httpGet, grpc } = this.workload.container.readinessProbe;
    if (!httpGet) return isServing(this.port, grpc.service);
    const port =
      this.ports[this.workload.container.ports.findIndex(({ name }: { name: string }) => name === httpGet.port)];
    return fetch(`http://127.0.0.1:${port}${httpGet.path}`).then(({ ok }) => ok);
  }

  private measure(): void {
    try {
      const { pid } = this.process;
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      // Fields after the name, which is in brackets and may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      this.usages.push({
        peakMemoryMb: Number(peak) / 1_024,
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
        wallSeconds: (performance.now() - this.startedAtMs) / 1_000,
      });
    } catch {
      // It runs no more, or this system has no /proc: then there is no figure.
    }
  }
}

function isServing(port: number, service: string): Promise<boolean> {
  const Client = makeGenericClientConstructor(healthService as unknown as ServiceDefinition, 'Health');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const check = client['check'] as unknown as (
    request: { service: string },
    options: { deadline: number },
    callback: (error: Error | null, answer?: { status: string }) => void,
  ) => void;
  return new Promise<boolean>((resolve, reject) =>
    check.call(client, { service }, { deadline: Date.now() + 1_000 }, (error, answer) =>
      error ? reject(error) : resolve(answer?.status === 'SERVING'),
    ),
  ).finally(() => client.close());
}
