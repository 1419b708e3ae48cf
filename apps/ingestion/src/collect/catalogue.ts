import { Event, TOPICS, type VideoFacts } from '@watchnext/contract';
import type { EventLog, LogRecord, Subscription } from '@watchnext/event-log';
import { untitledVideo, VideoTable } from '@watchnext/features';
import type { Logger } from '@watchnext/service';

/** What each video is, as the catalog topic says: the collector writes it into events that leave it out. */
export class Catalogue {
  private readonly videos = new VideoTable();
  private subscription: Subscription | undefined;

  constructor(private readonly logger: Logger) {}

  /** Resolves once all that the topic held has been read. */
  async follow(log: EventLog): Promise<void> {
    this.subscription = await log.tail(TOPICS.catalog, {
      onRecords: async (records) => records.forEach((record) => this.read(record)),
      onError: (err) => this.logger.error({ err }, 'cannot follow the catalogue'),
    });
    this.logger.info({ videoCount: this.videos.size }, 'catalogue read');
  }

  factsOf(videoId: string): VideoFacts | undefined {
    return this.videos.get(videoId)?.facts;
  }

  /** Takes in what an event says of a video; a withdrawn one keeps its facts, for late events about it. */
  learn({ body }: Event): void {
    if (body?.$case !== 'videoUpserted' || !body.value.video) return;
    this.videos.set(untitledVideo(body.value.videoId, body.value.video));
  }

  heartbeatAgeMs(): number {
    return this.subscription?.heartbeatAgeMs() ?? Infinity;
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  private read(record: LogRecord): void {
    let event: Event;
    try {
      event = Event.decode(record.value);
    } catch (err) {
      // Someone wrote past the collector. There is nothing to learn from it, and stopping would keep all else out.
      this.logger.error(
        { err, partition: record.partition, offset: record.offset },
        'undecodable catalog record skipped',
      );
      return;
    }
    this.learn(event);
  }
}
