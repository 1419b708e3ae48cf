/**
 * What the frozen worlds are, by checksum. `whole` is over every record of activity and catalogue in four partitions
 * (`npm run simulate -- check --world NAME` takes it anew); `sample` over the lives of some viewers, which a test affords.
 */
import { createHash } from 'node:crypto';
import { deliverLife } from './life/deliver';
import { LifeTeller } from './life/life';
import { MERGE_ORDER, Story } from './life/story';
import { FROZEN, type FrozenWorldName } from './parameters';
import { World } from './world';

export const FROZEN_VERSION = 1;
/** The checksums below are of archives with so many partitions. */
export const FROZEN_PARTITIONS = 4;

export const FROZEN_CHECKSUMS: Readonly<Record<FrozenWorldName, { readonly whole: string; readonly sample: string }>> =
  {
    small: {
      whole: '2b46e2e03edb77cd12fab9ae7ab615caecd4ca57c0a1507cccc4c89b9daa3b48',
      sample: 'e3b25f7a099ac4dfcf5038a786f8e9b0e467bbfeace71b08b222c96fed3d394d',
    },
    standard: {
      whole: '305056e0b2e4e7b60d431a16448a6af00263c465c22c05fefed4afa54ffacecc',
      sample: '5dbbd115324f7e499f812aea6a9022a7675e1f3bf6ebeecf2b3168b1b7753b7f',
    },
    large: {
      whole: '8a742efc725805b93556b027502140fcfbc8b73e3d1ad6f6c9e9a1fe8e3b9bb6',
      sample: 'fb20719198fe172c1de44099209c2c30a45310f4d80dc72bd7345aac2fd59c5b',
    },
  };

const SAMPLED_VIEWERS = 50;

/** Of `large`, a test affords a slice: the same seed and settings, but so many viewers and videos. */
const SLICE_OF_LARGE = { viewerCount: 2_000, videoCount: 20_000 } as const;

export function sampledWorld(name: FrozenWorldName): World {
  return new World(name === 'large' ? { ...FROZEN.large, ...SLICE_OF_LARGE } : FROZEN[name]);
}

/** SHA-256 over what is delivered of 50 viewers, spread over all; it depends on the whole catalogue and the demand in it. */
export function sampleChecksum(world: World): string {
  const teller = new LifeTeller(world);
  const story = new Story(world, false);
  const hash = createHash('sha256');
  const stride = Math.max(1, Math.floor(world.population.count / SAMPLED_VIEWERS));
  for (let n = 0; n < SAMPLED_VIEWERS && n * stride < world.population.count; n++) {
    for (const { deliveredAtMs, key, value, order } of deliverLife(teller, story, n * stride, false).deliveries) {
      hash.update(`${deliveredAtMs} ${key} `);
      // The state in a merge is the features' doing, not the world's.
      if (order !== MERGE_ORDER) hash.update(value);
    }
  }
  return hash.digest('hex');
}
