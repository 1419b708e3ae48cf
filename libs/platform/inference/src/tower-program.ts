/** The program of a thread that runs rankers' towers. It holds those of every snapshot that the service holds. */
import { answerCalls, collectGarbage } from '@watchnext/threads';
import { RankerStack } from './ranker-stack';

export interface RunCall {
  readonly key: number;
  /** [userSize] */
  readonly user: Float32Array;
  /** [rowCount, videoSize] or longer */
  readonly videos: Float32Array;
  readonly rowCount: number;
}

const byKey = new Map<number, RankerStack>();

function loaded(key: number): RankerStack {
  const found = byKey.get(key);
  if (!found) throw new Error('the ranker is closed');
  return found;
}

const handlers = {
  async load({ key, model }: { key: number; model: Uint8Array }) {
    const stack = await RankerStack.load(model);
    byKey.set(key, stack);
    const { userSize, videoSize, outputSize } = stack;
    return { userSize, videoSize, outputSize };
  },
  run({ key, user, videos, rowCount }: RunCall): Promise<Float32Array> {
    return loaded(key).run(user, videos, rowCount);
  },
  async drop({ key }: { key: number }): Promise<void> {
    await byKey.get(key)?.close();
    byKey.delete(key);
    // The model's bytes, and rows on shared memory that the service has let go of.
    collectGarbage();
  },
};

export type TowerHandlers = typeof handlers;

answerCalls(handlers);
