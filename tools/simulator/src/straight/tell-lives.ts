/** First half of writing an archive: tells the lives of a share of the viewers, and spills what is delivered of them. */
import { partitionOf } from '@watchnext/event-log';
import { CountingStory, type LifeCounts } from '../history';
import { deliverLife } from '../life/deliver';
import { LifeTeller } from '../life/life';
import type { WorldOptions } from '../parameters';
import { Popularity } from '../popularity';
import { World } from '../world';
import { SpillWriter } from './spill';

export interface TellTask {
  readonly world: WorldOptions;
  readonly partitionCount: number;
  readonly spillFolder: string;
  /** Of `workerCount`; takes every so-manieth viewer. */
  readonly worker: number;
  readonly workerCount: number;
}

export interface TellResult {
  readonly deliveries: number;
  readonly counts: LifeCounts;
  readonly popularity: Popularity;
}

const REPORT_EVERY = 100;

/** @param onProgress counts viewers and deliveries since the last call */
export async function tellLives(
  task: TellTask,
  onProgress: (viewers: number, deliveries: number) => void,
): Promise<TellResult> {
  const world = new World(task.world);
  const teller = new LifeTeller(world);
  const popularity = new Popularity(world);
  const counts: LifeCounts = { requests: 0, impressions: 0, watches: 0, searches: 0 };
  const story = new CountingStory(world, false, popularity, counts);
  const spill = new SpillWriter(task.spillFolder, task.worker);
  let deliveryCount = 0;
  let [newViewers, newDeliveries] = [0, 0];
  for (let index = task.worker; index < world.population.count; index += task.workerCount) {
    const { deliveries } = deliverLife(teller, story, index, false);
    let key = '';
    let partition = 0;
    for (const delivery of deliveries) {
      if (delivery.key !== key) {
        key = delivery.key;
        partition = partitionOf(key, task.partitionCount);
      }
      spill.add(partition, Math.floor(world.dayOf(delivery.deliveredAtMs)), index, delivery);
    }
    deliveryCount += deliveries.length;
    newDeliveries += deliveries.length;
    if (++newViewers === REPORT_EVERY) {
      onProgress(newViewers, newDeliveries);
      newViewers = newDeliveries = 0;
      // Lets the report out, and a parent that is gone be noticed.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  spill.flush();
  onProgress(newViewers, newDeliveries);
  return { deliveries: deliveryCount, counts, popularity };
}
