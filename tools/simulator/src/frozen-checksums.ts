/**
 * What the frozen worlds are, by checksum. `whole` is over every record of activity and catalogue in four partitions
 * (`npm run simulate -- check --world NAME` takes it anew); `sample` over the lives of some viewers, which a test affords.
 */
import { createHash } from 'node:crypto';
import { deliverLife } from './life/deliver';
import { LifeTeller } from './life/life';
import { Story } from './life/story';
import { FROZEN, type FrozenWorldName } from './parameters';
import { World } from './world';

export const FROZEN_VERSION = 1;
/** The checksums below are of archives with so many partitions. */
export const FROZEN_PARTITIONS = 4;

export const FROZEN_CHECKSUMS: Readonly<Record<FrozenWorldName, { readonly whole: string; readonly sample: string }>> =
  {
    small: {
      whole: '990fcc958df1bcf605ec4e070e39a9514dd489aeb37c156d0d4d0e7124285b92',
      sample: '5749a7a9afef79c5b3a7298deb9a64f100b22e00c7d193ce2679135062c70424',
    },
    standard: {
      whole: 'd7b7e6fd0ff8c0f32410dd26e1110c575c1f2183723994f707ea10f1f715e6c2',
      sample: '46100dc28aaa078371b686dd38c349ee73ec1111f5d6f5f5c40b70d826ac10ae',
    },
    large: {
      whole: '',
      sample: 'c679fdee5400f9681649eff810c22e2bf93c47e7a44d0cec1df265e07a41bca6',
    },
  };

const SAMPLED_VIEWERS = 50;

/** Of `large`, a test affords a slice: the same seed and settings, but so many viewers and videos. */
export const SLICE_OF_LARGE = { viewerCount: 2_000, videoCount: 20_000 } as const;

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
    for (const { deliveredAtMs, key, value } of deliverLife(teller, story, n * stride, false).deliveries)
      hash.update(`${deliveredAtMs} ${key} `).update(value);
  }
  return hash.digest('hex');
}
