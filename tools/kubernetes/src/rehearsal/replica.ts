/** One pod, as a process or a container: started, probed as its manifest says, taken out, and ended as Kubernetes ends it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@watchnext/end-to-end';
import type { Workload } from '../pods';
import { succeeds } from '../probe';
import { type PodProcess, podProcess } from './pod-process';
import type { Place } from './settings';

/** Linux counts a process's time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  readonly peakMemoryMb: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export class Replica {
  private readonly process: PodProcess;
  private startedAtMs = 0;
  /** Whether a Service would send it anything. */
  isEndpoint = false;
  readonly usages: Usage[] = [];
  /** Other than 0 after SIGTERM. */
  readonly badExitCodes: number[] = [];

  constructor(
    readonly workload: Workload,
    readonly name: string,
    /** In the order of the container's ports. */
    readonly ports: readonly number[],
    place: Place,
  ) {
    this.process = podProcess(workload, place, ports, join(place.directory, name));
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
    const code = await this.process.stop();
    if (code !== undefined && code !== 0) this.badExitCodes.push(code);
  }

  private isReady(): Promise<boolean> {
    return succeeds(this.workload.container.readinessProbe, this.workload, this.ports);
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
