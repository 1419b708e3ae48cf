/** What a viewer does that has come: pages from the gateway one after the other, searches, watches; or what a program does. */
import type { Random } from '@watchnext/learning';
import { pickWeighted } from '../draws';
import {
  BOT_PAGES,
  ELSEWHERE_SHARE,
  MOST_PAGES,
  SEARCH_SHARE,
  SEARCH_SHARE_OF_INTENT,
  UP_NEXT_SHARE,
  USUAL_DEVICE_SHARE,
} from '../habits';
import { searchQuery } from '../life/front-page';
import type { EventSink } from '../sink';
import { DEVICES } from '../topics';
import type { Truth } from '../truth';
import type { Viewer, World } from '../world';
import type { EventFactory } from './events';
import type { GatewayClient, Recommendations, RecommendationsQuery } from '@watchnext/clients';
import type { PlayedPage, Instant } from './page';

export interface SessionSetting {
  readonly world: World;
  readonly truth: Truth;
  readonly random: Random;
  readonly factory: EventFactory;
  readonly sink: EventSink;
  readonly gateway: GatewayClient;
  readonly pageSize: number;
  readonly signal: AbortSignal;
  now(): Instant;
  /** Shows the list to the viewer; resolves when the page is done with. */
  play(viewer: Viewer, list: Recommendations): Promise<PlayedPage['watches']>;
  /** Lets the viewer watch something that no list led to, if anything invites; resolves at its end. */
  watchElsewhere(viewer: Viewer): Promise<void>;
}

type Watches = PlayedPage['watches'];

export async function runSession(setting: SessionSetting, viewer: Viewer): Promise<void> {
  const { random, signal } = setting;
  signal.throwIfAborted();
  if (viewer.bot) return crawl(setting, viewer);
  const device = random.next() < USUAL_DEVICE_SHARE ? viewer.device : DEVICES[random.nextInt(DEVICES.length)];
  await look(setting, { ...viewer, device });
}

async function look(setting: SessionSetting, viewer: Viewer): Promise<void> {
  const { random, truth } = setting;
  const context = { limit: setting.pageSize, country: viewer.country, device: viewer.device };
  for (let page = 0; page < MOST_PAGES; page++) {
    await search(setting, viewer);
    const watches = [...(await show(setting, viewer, { ...context, surface: 'home' }))];
    const last = watches.at(-1);
    if (last !== undefined && random.next() < UP_NEXT_SHARE)
      watches.push(...(await show(setting, viewer, { ...context, surface: 'up-next', seed: last.video.id })));
    if (random.next() < ELSEWHERE_SHARE) await setting.watchElsewhere(viewer);
    const seen = watches.map(({ video, watchSeconds }) => ({ videoIndex: video.index, watchSeconds }));
    if (random.next() >= truth.sessionGoesOn(seen)) return;
  }
}

/** The gateway finds nothing by words; they are told, and tell what the viewer has in mind. */
async function search(setting: SessionSetting, viewer: Viewer): Promise<void> {
  const { random, truth, world, factory, sink } = setting;
  const { clockMs, worldMs } = setting.now();
  const intent = truth.intent(viewer, worldMs);
  if (random.next() >= (intent === undefined ? SEARCH_SHARE : SEARCH_SHARE_OF_INTENT)) return;
  const topic = intent ?? pickWeighted(truth.interests(viewer, worldMs), random);
  await sink.send(factory.search(viewer, searchQuery(world, viewer.index, topic, random), clockMs));
}

async function crawl(setting: SessionSetting, bot: Viewer): Promise<void> {
  const query = { limit: setting.pageSize, country: bot.country, device: 'desktop', surface: 'home' } as const;
  for (let page = 0; page < BOT_PAGES; page++) await show(setting, { ...bot, device: 'desktop' }, query);
}

async function show(setting: SessionSetting, viewer: Viewer, query: RecommendationsQuery): Promise<Watches> {
  return setting.play(viewer, await setting.gateway.recommendations(viewer.id, query, setting.signal));
}
