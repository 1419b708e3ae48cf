/** How many videos of one channel, and of one topic, there may be in each run of ten places. */
import type { Serving } from '@watchnext/experiments';
import type { RankedCandidate } from '../pipeline/draft';

/** Places over which the caps count: the default page. */
export const PAGE_OF_PLACES = 10;

export interface Caps {
  readonly channelCap: number;
  /** 10 or more binds nothing. */
  readonly topicCap: number;
}

/** An experiment's, where it has its own. */
export const capsOf = ({ channelCap, topicCap }: Serving, caps: Caps): Caps => ({
  channelCap: channelCap ?? caps.channelCap,
  topicCap: topicCap ?? caps.topicCap,
});

export type CapRule = 'channel-cap' | 'topic-cap';

/** What one run of places holds so far. What has no channel or topic is bound by no cap. */
export class CapCounts {
  private readonly channels = new Map<string, number>();
  private readonly topics = new Map<string, number>();

  constructor(private readonly caps: Caps) {}

  /** The cap that one more would break; the channel's before the topics'. */
  brokenBy({ video: { facts } }: RankedCandidate): CapRule | undefined {
    if (facts.channelId !== '' && countOf(this.channels, facts.channelId) >= this.caps.channelCap) return 'channel-cap';
    return facts.topics.some((topic) => countOf(this.topics, topic) >= this.caps.topicCap) ? 'topic-cap' : undefined;
  }

  add({ video: { facts } }: RankedCandidate): void {
    this.channels.set(facts.channelId, countOf(this.channels, facts.channelId) + 1);
    for (const topic of new Set(facts.topics)) this.topics.set(topic, countOf(this.topics, topic) + 1);
  }
}

const countOf = (counts: ReadonlyMap<string, number>, key: string) => counts.get(key) ?? 0;
