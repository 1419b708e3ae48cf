/**
 * Threads that share one memory and work through the tasks of a phase together. The thread that owns the team works, too;
 * with one thread there are no others.
 *
 * A phase is a number of tasks that do not depend on each other; whoever is free takes the next one. So a thread that the
 * system has put aside holds up at most the task that it is in, and since no task's result depends on who does it,
 * results are the same to the bit for any number of threads.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Arena } from './arena';
import { type KernelModule, instantiate } from './load-kernels';
import { type AnyPlan, programOf } from './programs';
import type { StepProgram } from './step-program';

/** What the threads of a team do; made anew in each of them. */
export interface Program {
  /** @param member 0 … number of threads - 1: whose scratch memory to use */
  run(phase: number, task: number, member: number): void;
}

/** Of the team's int32 in shared memory. */
export const CONTROL = {
  /** Phase number (20 bits), then the next task's index (12 bits). */
  ticket: 0,
  /** Tasks done in this phase. */
  done: 1,
  /** 1: threads should end. */
  closing: 2,
  /** 1: a task threw in another thread. */
  failed: 3,
  /** By phase number modulo 8: which phase of the program, and how many tasks it has. */
  phases: 8,
  taskCounts: 16,
  length: 24,
} as const;
const TASK_BITS = 12;
const MOST_TASKS = 1 << TASK_BITS;
const PHASE_SLOTS = 8;
/** A phase follows the last within some 10 µs in the middle of a step, so it pays to look again before going to sleep. */
const SPINS = 4_000;
const ANSWER_WITHIN_MS = 60_000;

/** What a thread is started with. */
export interface MemberData {
  readonly kernels: KernelModule;
  readonly memory: WebAssembly.Memory;
  readonly controlAddress: number;
  readonly member: number;
  readonly plan: AnyPlan;
}

export class Team {
  private readonly control: Int32Array;
  private readonly controlAddress: number;
  readonly program: StepProgram;
  private workers: Worker[] = [];
  private phaseNumber = 0;
  private failure: Error | undefined;

  /** The other threads begin with `start`. */
  constructor(
    private readonly arena: Arena,
    private readonly kernels: KernelModule,
    private readonly threadCount: number,
    private readonly plan: AnyPlan,
  ) {
    this.controlAddress = arena.allocate(CONTROL.length * Int32Array.BYTES_PER_ELEMENT);
    this.control = arena.integers(this.controlAddress, CONTROL.length);
    this.program = programOf(instantiate(kernels, arena.memory), arena.memory, plan);
  }

  start(): void {
    const { arena, kernels, controlAddress, plan } = this;
    for (let member = 1; member < this.threadCount; member++) {
      this.workers.push(this.startMember({ kernels, memory: arena.memory, controlAddress, member, plan }));
    }
  }

  /** Runs all tasks of a phase. @throws Error when one threw, or a thread died */
  run(phase: number, taskCount: number): void {
    if (this.failure) throw this.failure;
    if (this.threadCount === 1) {
      for (let task = 0; task < taskCount; task++) this.program.run(phase, task, 0);
      return;
    }
    if (taskCount >= MOST_TASKS) throw new RangeError(`a phase of ${taskCount} tasks; at most ${MOST_TASKS - 1}`);
    const { control } = this;
    this.phaseNumber++;
    const slot = this.phaseNumber % PHASE_SLOTS;
    control[CONTROL.phases + slot] = phase;
    control[CONTROL.taskCounts + slot] = taskCount;
    Atomics.store(control, CONTROL.done, 0);
    Atomics.store(control, CONTROL.ticket, this.phaseNumber << TASK_BITS);
    Atomics.notify(control, CONTROL.ticket);
    workThrough(control, this.program, 0);
    this.waitFor(taskCount);
  }

  async close(): Promise<void> {
    Atomics.store(this.control, CONTROL.closing, 1);
    Atomics.add(this.control, CONTROL.ticket, 1 << TASK_BITS);
    Atomics.notify(this.control, CONTROL.ticket);
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.workers = [];
  }

  private startMember(data: MemberData): Worker {
    const worker = new Worker(memberFile(), { workerData: data });
    worker.unref();
    worker.on('error', (error) => (this.failure ??= error instanceof Error ? error : new Error(String(error))));
    return worker;
  }

  private waitFor(taskCount: number): void {
    const { control } = this;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, CONTROL.done) >= taskCount) return;
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    for (;;) {
      const done = Atomics.load(control, CONTROL.done);
      if (done >= taskCount) return;
      if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error('a training thread failed; its error follows');
      if (performance.now() > deadline)
        throw new Error(`a training thread has not answered for ${ANSWER_WITHIN_MS} ms`);
      Atomics.wait(control, CONTROL.done, done, 1_000);
    }
  }
}

/** What a thread beside the owner does until the team closes. */
export function serve(control: Int32Array, program: Program, member: number): void {
  while (Atomics.load(control, CONTROL.closing) === 0) {
    const seen = workThrough(control, program, member);
    let spin = 0;
    while (spin < SPINS && Atomics.load(control, CONTROL.ticket) === seen) spin++;
    if (spin === SPINS) Atomics.wait(control, CONTROL.ticket, seen);
  }
}

/** Takes tasks until there are none. @returns the ticket that says so */
function workThrough(control: Int32Array, program: Program, member: number): number {
  for (;;) {
    const ticket = Atomics.load(control, CONTROL.ticket);
    const slot = (ticket >>> TASK_BITS) % PHASE_SLOTS;
    const task = ticket & (MOST_TASKS - 1);
    const phase = control[CONTROL.phases + slot];
    const taskCount = control[CONTROL.taskCounts + slot];
    if (task >= taskCount) return ticket;
    // Where this succeeds the phase has not changed since, so what was read belongs to the ticket.
    if (Atomics.compareExchange(control, CONTROL.ticket, ticket, ticket + 1) !== ticket) continue;
    program.run(phase, task, member);
    if (Atomics.add(control, CONTROL.done, 1) + 1 === taskCount) Atomics.notify(control, CONTROL.done);
  }
}

/** Threads load JavaScript: the compiled file, also where this one is run from its source by a test. */
function memberFile(): string {
  const beside = join(__dirname, 'team-member.js');
  return existsSync(beside) ? beside : join(__dirname, '..', '..', 'dist', 'kernels', 'team-member.js');
}
