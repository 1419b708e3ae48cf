import type { Event, VideoFacts } from '@watchnext/contract';
import type { EventLog, Subscription } from '@watchnext/event-log';
import { catalogueVideo, VideoTable } from '@watchnext/features';
import { type Logger, tailCatalogue } from '@watchnext/service';

/** What each video is, as the catalog topic says: the collector writes it into events that leave it out. */
export class Catalogue {
  private readonly videos = new VideoTable();

  constructor(private readonly logger: Logger) {}

  /**
   * Of sound events alone: what is learned here goes into events that were judged before. Resolves once all that the topic held has been
   * read. @throws as `EventLog.tail`
   */
  async follow(log: EventLog): Promise<Subscription> {
    const subscription = await tailCatalogue(log, (event) => this.learn(event), this.logger);
    this.logger.info({ videoCount: this.videos.size }, 'catalogue read');
    return subscription;
  }

  factsOf(videoId: string): VideoFacts | undefined {
    return this.videos.get(videoId)?.facts;
  }

  /** Takes in what an event says of a video; a withdrawn one keeps its facts, for late events about it. */
  learn({ body }: Event): void {
    if (body?.$case !== 'videoUpserted' || !body.value.video) return;
    this.videos.set(catalogueVideo(body.value.videoId, body.value.video));
  }
}
