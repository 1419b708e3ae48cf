/**
 * Sequences of watches as a sparse log has them: of each video two or three, and of each user a handful. A new product has such
 * a log, and so has one with far more uploads than viewers.
 *
 * A video belongs to one topic of 200 videos, within which it has a popularity of rank^−0.6. A user has three topics, or one twice, with
 * shares drawn evenly from all that there are; nine of ten watches are of these, the tenth of any video. Each user has five watches
 * and a geometric number more, up to forty, no video twice.
 */
import { AliasSampler, createRandom, type Random, shuffle } from '@watchnext/learning';
import type { SequenceOptions } from './sequence-options';

const VIDEOS_OF_A_TOPIC = 200;
const TOPICS_OF_A_USER = 3;
const LEAST_WATCHES = 5;
const MOST_WATCHES = 40;
const STRAY_SHARE = 0.1;

/** Of one user after the other: indices of videos, in order. */
export function* sparseSequences({ users, videos, watches, seed }: SequenceOptions): Generator<number[]> {
  const random = createRandom(seed);
  const shuffled = Int32Array.from({ length: videos }, (_, video) => video);
  shuffle(shuffled, random);
  const topics = Array.from({ length: Math.ceil(videos / VIDEOS_OF_A_TOPIC) }, (_, topic) =>
    shuffled.subarray(topic * VIDEOS_OF_A_TOPIC, (topic + 1) * VIDEOS_OF_A_TOPIC),
  ).map((ofTopic) => ({
    videos: ofTopic,
    popularity: new AliasSampler(Array.from(ofTopic, (_, rank) => (rank + 1) ** -0.6)),
  }));
  for (let user = 0; user < users; user++) {
    const taste = Array.from({ length: TOPICS_OF_A_USER }, () => topics[random.nextInt(topics.length)]!);
    const shares = new AliasSampler(taste.map(() => -Math.log(1 - random.next()) || Number.MIN_VALUE));
    const length = Math.min(lengthOf(watches, random), videos);
    const sequence = new Set<number>();
    while (sequence.size < length) {
      const topic = taste[shares.sample(random)]!;
      const isStray = random.next() < STRAY_SHARE;
      sequence.add(isStray ? random.nextInt(videos) : topic.videos[topic.popularity.sample(random)]!);
    }
    yield [...sequence];
  }
}

function lengthOf(mean: number, random: Random): number {
  let length = LEAST_WATCHES;
  const more = Math.max(0, mean - LEAST_WATCHES);
  const goesOn = more / (more + 1);
  while (length < MOST_WATCHES && random.next() < goesOn) length++;
  return length;
}
