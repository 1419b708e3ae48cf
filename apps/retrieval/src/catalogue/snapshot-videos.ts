/** Which label of a snapshot's index is which video: those that it learned, and those that came in since. */
import type { CandidateModel, ColdStart } from '@watchnext/candidate-model';
import type { OpenIndex } from '@watchnext/vector-search';

/** The last word of the catalogue on a video, as far as retrieval needs it. */
export interface RetrievableVideo {
  readonly videoId: string;
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly uploadedAtMs: number;
  /** Numbers of the channel and of the rule on countries and ages, one for all snapshots. */
  readonly channel: number;
  readonly rule: number;
  readonly withdrawn: boolean;
}

export class SnapshotVideos {
  private readonly addedLabels = new Map<string, number>();
  private readonly addedIds: string[] = [];
  private refused = 0;

  /** @param coldStart undefined for a snapshot from before there was one: then nothing is added to it */
  constructor(
    private readonly model: CandidateModel,
    private readonly index: OpenIndex,
    private readonly coldStart: ColdStart | undefined,
  ) {}

  /** Videos that came in since the snapshot was trained. */
  get addedCount(): number {
    return this.addedIds.length;
  }

  /** Videos that could not be added: there was no room. */
  get refusedCount(): number {
    return this.refused;
  }

  labelOf(videoId: string): number | undefined {
    return this.model.videoRow(videoId) ?? this.addedLabels.get(videoId);
  }

  videoIdOf(label: number): string {
    const learned = this.model.videoCount;
    return label < learned ? this.model.videoIdAt(label) : this.addedIds[label - learned]!;
  }

  isKnown(videoId: string): boolean {
    return this.labelOf(videoId) !== undefined;
  }

  /**
   * Takes over what the catalogue says of a video; one that the snapshot does not know gets a cold-start vector.
   * @returns settles when it can be found
   */
  async apply(video: RetrievableVideo): Promise<void> {
    const label = this.labelOf(video.videoId);
    if (label === undefined) return this.add(video);
    const { attributes } = this.index;
    attributes.channels[label] = video.channel;
    attributes.rules[label] = video.rule;
    this.index.setWithdrawn(label, video.withdrawn);
  }

  private async add(video: RetrievableVideo): Promise<void> {
    if (video.withdrawn || !this.coldStart) return;
    const added = this.index.add(this.coldStart.vectorOf(video), video);
    if (!added) {
      this.refused++;
      return;
    }
    this.addedLabels.set(video.videoId, added.label);
    this.addedIds.push(video.videoId);
    await added.findable;
  }
}
