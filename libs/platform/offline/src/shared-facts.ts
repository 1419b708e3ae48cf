import type { VideoFacts } from '@watchnext/contract';

/** Facts of many videos name the same channels and topics: each text and each list of topics is there once. So they are frozen. */
export class SharedFacts {
  private readonly texts = new Map<string, string>();
  private readonly topicLists = new Map<string, string[]>();

  of({ channelId, topics, durationSeconds, uploadedAtMs }: VideoFacts): VideoFacts {
    return Object.freeze({
      channelId: this.text(channelId),
      topics: this.topicList(topics),
      durationSeconds,
      uploadedAtMs,
    });
  }

  private text(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    this.texts.set(text, text);
    return text;
  }

  private topicList(topics: readonly string[]): string[] {
    const key = JSON.stringify(topics);
    let list = this.topicLists.get(key);
    if (list === undefined) {
      list = Object.freeze(topics.map((topic) => this.text(topic))) as string[];
      this.topicLists.set(key, list);
    }
    return list;
  }
}

export function areSameFacts(some: VideoFacts, others: VideoFacts): boolean {
  return (
    some.channelId === others.channelId &&
    Object.is(some.durationSeconds, others.durationSeconds) &&
    some.uploadedAtMs === others.uploadedAtMs &&
    some.topics.length === others.topics.length &&
    some.topics.every((topic, i) => topic === others.topics[i])
  );
}
