/** A Kafka of a spec's own, to be restarted, killed or secured. */
import { KAFKA_DEFAULTS, type KafkaSettings } from '@watchnext/event-log';
import { missingForStack, startStack, stopStack, type Stack, type StackOptions } from '@watchnext/local-stack';
import { describeUnlessMissing, FoldingHandler, temporaryDirectory } from '../../src';

/** Specs on a Kafka that they start themselves. */
export function describeOnOwnKafka(name: string, specs: () => void): void {
  describeUnlessMissing(missingForStack({ kafka: true, certificates: true }), name, specs);
}

export interface OwnKafka {
  readonly stack: Stack;
  readonly directory: string;
  /** With the shortest session that brokers take, so that a member that is gone is missed soon. */
  readonly settings: KafkaSettings;
  stop(): Promise<void>;
}

export async function startOwnKafka(options: Partial<StackOptions> = {}): Promise<OwnKafka> {
  const { path, remove } = await temporaryDirectory('kafka');
  const stack = await startStack({ directory: path, brokerCount: 1, redis: 'none', ...options });
  const brokers = (stack.environment['WATCHNEXT_KAFKA_BROKERS'] as string).split(',');
  return {
    stack,
    directory: path,
    settings: { ...KAFKA_DEFAULTS, brokers, sessionTimeoutMs: 6_000 },
    stop: async () => {
      await stopStack(path);
      await remove();
    },
  };
}

/** Appends numbered records until told to stop, and remembers which were acknowledged. */
export class SteadyProducer {
  readonly acknowledged: string[] = [];
  readonly errors: Error[] = [];
  /** The longest time that one append took to succeed or fail. */
  longestMs = 0;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(append: (records: { key: string; value: Uint8Array }[]) => Promise<unknown>) {
    this.running = this.run(append);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(append: (records: { key: string; value: Uint8Array }[]) => Promise<unknown>): Promise<void> {
    for (let batch = 0; !this.stopped; batch++) {
      const texts = Array.from({ length: 20 }, (_, i) => `${batch}:${i}`);
      const startMs = Date.now();
      try {
        await append(texts.map((text, i) => ({ key: `user-${i}`, value: Buffer.from(text) })));
        this.acknowledged.push(...texts);
      } catch (error) {
        this.errors.push(error as Error);
      }
      this.longestMs = Math.max(this.longestMs, Date.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Acknowledged records that the handler has not been given. */
export function missingFrom(handler: FoldingHandler, acknowledged: readonly string[]): string[] {
  const seen = new Set(handler.texts());
  return acknowledged.filter((text) => !seen.has(text));
}
