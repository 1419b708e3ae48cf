/** All that is delivered of a viewer, the login's merge with the anonymous history in it included. */
import { Event, type UserState } from '@watchnext/contract';
import { applyEvent, decodeState, encodeState, newState, refuse } from '@watchnext/features';
import type { ViewerMemory } from '../memory';
import type { World } from '../world';
import { LifeTeller } from './life';
import { MERGE_ORDER, PRODUCER, type Delivery, Story, type Login } from './story';

export interface DeliveredLife {
  /** In the order of delivery; values are views of the story's buffer, good until the next life. */
  readonly deliveries: readonly Delivery[];
  readonly memory: ViewerMemory;
}

export function deliverLife(teller: LifeTeller, story: Story, viewerIndex: number, backfill: boolean): DeliveredLife {
  story.begin(viewerIndex);
  const memory = teller.tell(viewerIndex, story);
  const deliveries = story.deliveries();
  if (story.login) insertMerge(deliveries, story.login, backfill);
  return { deliveries, memory };
}

/** All that is delivered of each viewer, one after the other, as records to keep. For small worlds. */
export function everyDelivery(world: World, backfill: boolean): Delivery[][] {
  const teller = new LifeTeller(world);
  const story = new Story(world, backfill);
  return Array.from({ length: world.population.count }, (_, index) =>
    deliverLife(teller, story, index, backfill).deliveries.map((each) => ({ ...each, value: each.value.slice() })),
  );
}

function insertMerge(deliveries: Delivery[], login: Login, backfill: boolean): void {
  const { deliveredAtMs, eventId, occurredAtMs } = login;
  let place = 0;
  while (place < deliveries.length && deliveries[place].deliveredAtMs <= deliveredAtMs) place++;
  const history = foldedHistory(deliveries.slice(0, place), login.anonymousId);
  const event: Event = {
    eventId,
    occurredAtMs,
    receivedAtMs: backfill ? occurredAtMs : deliveredAtMs,
    producer: PRODUCER,
    backfill,
    body: {
      $case: 'userMerged',
      value: { userId: login.viewerId, anonymousUserId: login.anonymousId, history },
    },
  };
  deliveries.splice(place, 0, {
    deliveredAtMs,
    order: MERGE_ORDER,
    key: login.viewerId,
    value: Event.encode(event).finish(),
  });
}

/** The anonymous viewer's state as the collector finds it at the login: what was delivered until then. */
function foldedHistory(deliveries: readonly Delivery[], anonymousId: string): UserState | undefined {
  const own = deliveries.filter(({ key }) => key === anonymousId);
  if (own.length === 0) return undefined;
  const state = newState(anonymousId);
  for (const { value, deliveredAtMs } of own) {
    const event = Event.decode(value);
    if (refuse(event, deliveredAtMs) === undefined) applyEvent(state, event);
  }
  // As the collector reads it from the store; the ids of its events stay behind.
  return { ...decodeState(encodeState(state)), seenEvents: [] };
}
