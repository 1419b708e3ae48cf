import { GatewayClient } from '@watchnext/clients';
import { TRAINER_EXIT_CODES } from '@watchnext/config';
import { LocalSystem, until } from '@watchnext/end-to-end';
import { ProducerClient } from '@watchnext/producer-client';
import { DEFAULT_WORLD, generateHistory, sendAll, World, type History, type ListProvider } from '@watchnext/simulator';

export interface DemoWorld {
  readonly world: World;
  readonly history: History;
}

export function createDemoWorld(options: { seed: number; users: number; videos: number; days: number }): DemoWorld {
  const { seed, users, videos, days } = options;
  const world = new World({
    ...DEFAULT_WORLD,
    seed,
    viewerCount: users,
    videoCount: videos,
    dayCount: days,
    endMs: Date.now(),
  });
  return { world, history: generateHistory(world) };
}

/** Sends a history through the collector and waits until it is folded and archived. */
export async function ingest(system: LocalSystem, history: History): Promise<void> {
  const client = new ProducerClient({ url: system.ingestionUrl, producer: 'simulator' });
  await sendAll(history.events, client);
  await client.close();
  await system.drained();
}

/** Trains once and waits until the gateway answers from the new snapshot. @throws when the gate rejects it */
export async function trainAndServe(system: LocalSystem, args: readonly string[] = []): Promise<void> {
  const code = await system.train(args);
  if (code !== TRAINER_EXIT_CODES.published)
    throw new Error(`no snapshot was published (exit code ${code}); see ${system.dataDirectory}/logs/trainer.log`);
  const client = new GatewayClient(system.gatewayUrl);
  await until(
    'full answers',
    async () => (await client.recommendations('warm-up', { limit: 1, surface: 'home' })).rung === 'full',
  );
}

/** That lists are asked for. */
export const SURFACE = 'home';

/**
 * Lists as the gateway serves them to an app that says, as the world's viewers do, which country and device it is on
 * one below the full rung counts as a failure.
 */
export function servedLists(name: string, system: LocalSystem): ListProvider {
  const client = new GatewayClient(system.gatewayUrl);
  return {
    name,
    list: async ({ id, country, device }, limit) => {
      const answer = await client.recommendations(id, { limit, surface: SURFACE, country, device });
      if (answer.rung !== 'full') throw new Error(`served from rung ${answer.rung}: ${answer.rungReason}`);
      return answer.items.map(({ videoId }) => videoId);
    },
  };
}
