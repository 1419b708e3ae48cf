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

/** So many ids are held of videos that are left out, of each kind: who has more has to train anew, and knows it. */
export const MOST_LEFT_OUT = 100_000;

export class SnapshotVideos {
  private readonly addedLabels = new Map<string, number>();
  private readonly addedIds: string[] = [];
  private readonly withoutRoom = new Set<string>();
  private readonly leftOut = new Set<string>();
  /** Videos that are not withdrawn, by number of the channel and of the rule. */
  private readonly ofChannels = new Map<number, number>();
  private readonly underRules = new Map<number, number>();

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

  /** Videos that could not be added: there was no room. Counted to `MOST_LEFT_OUT`. */
  get withoutRoomCount(): number {
    return this.withoutRoom.size;
  }

  /** Videos that it did not learn and was not given, to keep room for newer ones. Counted to `MOST_LEFT_OUT`. */
  get leftOutCount(): number {
    return this.leftOut.size;
  }

  /** Of what the catalogue told of; withdrawn ones are not counted. */
  countOfChannel(channel: number): number {
    return this.ofChannels.get(channel) ?? 0;
  }

  /** As `countOfChannel`. */
  countUnderRule(rule: number): number {
    return this.underRules.get(rule) ?? 0;
  }

  get withdrawnCount(): number {
    return this.index.withdrawnCount;
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
    if (attributes.withdrawn[label] === 0) this.count(attributes.channels[label]!, attributes.rules[label]!, -1);
    if (!video.withdrawn) this.count(video.channel, video.rule, 1);
    attributes.channels[label] = video.channel;
    attributes.rules[label] = video.rule;
    this.index.setWithdrawn(label, video.withdrawn);
  }

  /** Notes a video that is not added, since the room left is for newer ones. */
  leaveOut(videoId: string): void {
    if (this.coldStart && !this.isKnown(videoId)) note(this.leftOut, videoId);
  }

  private async add(video: RetrievableVideo): Promise<void> {
    const { videoId } = video;
    this.leftOut.delete(videoId);
    if (video.withdrawn) this.withoutRoom.delete(videoId);
    if (video.withdrawn || !this.coldStart) return;
    const added = this.index.add(this.coldStart.vectorOf(video), video);
    if (!added) return note(this.withoutRoom, videoId);
    this.count(video.channel, video.rule, 1);
    this.addedLabels.set(videoId, added.label);
    this.addedIds.push(videoId);
    await added.findable;
  }

  /** No channel (-1) is blocked, and rule 0 lets everyone watch: neither is counted. */
  private count(channel: number, rule: number, by: 1 | -1): void {
    if (channel >= 0) this.ofChannels.set(channel, this.countOfChannel(channel) + by);
    if (rule > 0) this.underRules.set(rule, this.countUnderRule(rule) + by);
  }
}

function note(videoIds: Set<string>, videoId: string): void {
  if (videoIds.size < MOST_LEFT_OUT) videoIds.add(videoId);
}
