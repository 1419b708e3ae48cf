/** The catalogue as the topic `catalog` tells it, kept up in every snapshot that is held. */
import type { Availability, Event, RequestContext, UserState } from '@watchnext/contract';
import {
  type CatalogueVideo,
  catalogueVideo,
  countryKey,
  isAvailable,
  VideoTable,
  viewerOf,
} from '@watchnext/features';
import { inTurns, sortInTurns } from '@watchnext/waiting';
import type { Restrictions } from '@watchnext/vector-search';
import { Numbers } from './numbers';
import { MOST_LEFT_OUT, type RetrievableVideo, type SnapshotVideos } from './snapshot-videos';

/** Of the room for new videos, what a new snapshot may fill with those that it did not learn: the rest is for uploads. */
const BACKLOG_SHARE = 0.5;

const EVERYONE: Availability = { countries: [], excludedCountries: [], minimumAgeYears: 0 };

export interface ViewerRestrictions extends Restrictions {
  /** Numbers of the rules that forbid by country (and perhaps by age as well), and by age alone. */
  readonly countryRules: readonly number[];
  readonly ageRules: readonly number[];
}

export class LiveCatalogue {
  private readonly videos = new VideoTable();
  /**
   * Of channels and of rules, each used by the videos that have it. Snapshots keep the numbers of their videos and are told of each
   * change before a number can be given anew, so none of them has an old one.
   */
  private readonly channels = new Numbers();
  private readonly ruleNumbers = new Numbers();
  /** Distinct limits of country and age; the first lets everyone watch, as does one that no video has any more. */
  private readonly rules: Availability[] = [EVERYONE];
  private readonly snapshots = new Set<SnapshotVideos>();

  /** @param onError told of what could not be taken over; the catalogue goes on */
  constructor(private readonly onError: (error: unknown, videoId: string) => void) {
    this.ruleNumbers.use(ruleKey(EVERYONE));
  }

  get size(): number {
    return this.videos.size;
  }

  /** Folds in one event, live: held snapshots know it once it returns; a new video is findable a moment later. */
  apply(event: Event): void {
    const { body } = event;
    if (body?.$case === 'videoUpserted') {
      const { videoId, video, availability } = body.value;
      this.put({ ...catalogueVideo(videoId, video), availability });
    } else if (body?.$case === 'videoWithdrawn') {
      const { videoId } = body.value;
      this.put({ ...(this.videos.get(videoId) ?? catalogueVideo(videoId)), withdrawn: true });
    }
  }

  /**
   * Tells a snapshot all that is known, before it serves; from then on it is kept up until `detach`. Videos that it did not
   * learn are added afterwards, newest first: see `addBacklog`.
   */
  async attach(snapshot: SnapshotVideos): Promise<void> {
    this.snapshots.add(snapshot);
    await inTurns(this.videos, (video) => {
      if (snapshot.isKnown(video.videoId)) void snapshot.apply(this.retrievable(video));
    });
  }

  /** Adds the newest of the videos that the snapshot did not learn, one after the other, as long as it is attached; it is told which it is not given. */
  async addBacklog(snapshot: SnapshotVideos, capacity: number): Promise<void> {
    const missing: CatalogueVideo[] = [];
    await inTurns(this.videos, (video) => {
      if (!video.withdrawn && !snapshot.isKnown(video.videoId)) missing.push(video);
    });
    const newestFirst = await sortInTurns(missing, (a, b) => b.facts.uploadedAtMs - a.facts.uploadedAtMs);
    const room = Math.floor(capacity * BACKLOG_SHARE);
    await inTurns(newestFirst.slice(room, room + MOST_LEFT_OUT), ({ videoId }) => {
      if (!this.videos.get(videoId)!.withdrawn) snapshot.leaveOut(videoId);
    });
    for (const { videoId } of newestFirst.slice(0, room)) {
      if (!this.snapshots.has(snapshot)) return;
      // The last word may have come meanwhile.
      await this.tell(snapshot, this.videos.get(videoId)!);
    }
  }

  detach(snapshot: SnapshotVideos): void {
    this.snapshots.delete(snapshot);
  }

  /** What this viewer is not to be shown by rule. */
  restrictionsFor(state: UserState, context: RequestContext): ViewerRestrictions {
    const viewer = viewerOf(state, context);
    const blocked = new Set(state.profile?.blockedChannelIds);
    const forbiddenRules = new Uint8Array(this.rules.length);
    const countryRules: number[] = [];
    const ageRules: number[] = [];
    this.rules.forEach((rule, number) => {
      if (isAvailable(rule, viewer)) return;
      forbiddenRules[number] = 1;
      (isAvailable({ ...rule, minimumAgeYears: 0 }, viewer) ? ageRules : countryRules).push(number);
    });
    return {
      blockedChannels: [...blocked].flatMap((channelId) => this.channels.of(channelId) ?? []),
      forbiddenRules,
      countryRules,
      ageRules,
    };
  }

  private put(video: CatalogueVideo): void {
    const before = this.videos.get(video.videoId);
    this.videos.set(video);
    this.use(video);
    for (const snapshot of this.snapshots) void this.tell(snapshot, video);
    if (before) this.leave(before);
  }

  private use({ facts, availability = EVERYONE }: CatalogueVideo): void {
    if (facts.channelId !== '') this.channels.use(facts.channelId);
    this.rules[this.ruleNumbers.use(ruleKey(availability))] = availability;
  }

  private leave({ facts, availability = EVERYONE }: CatalogueVideo): void {
    if (facts.channelId !== '') this.channels.leave(facts.channelId);
    const unused = this.ruleNumbers.leave(ruleKey(availability));
    if (unused !== undefined) this.rules[unused] = EVERYONE;
  }

  private async tell(snapshot: SnapshotVideos, video: CatalogueVideo): Promise<void> {
    try {
      await snapshot.apply(this.retrievable(video));
    } catch (error) {
      // A snapshot that was let go meanwhile has no index any more; nothing is lost by that.
      if (this.snapshots.has(snapshot)) this.onError(error, video.videoId);
    }
  }

  /** @param video as it is kept, so that its channel and its rule have numbers */
  private retrievable({ videoId, facts, availability = EVERYONE, withdrawn }: CatalogueVideo): RetrievableVideo {
    const { channelId, topics, uploadedAtMs } = facts;
    return {
      videoId,
      channelId,
      topics,
      uploadedAtMs,
      channel: channelId === '' ? -1 : this.channels.of(channelId)!,
      rule: this.ruleNumbers.of(ruleKey(availability))!,
      withdrawn,
    };
  }
}

const ruleKey = ({ countries, excludedCountries, minimumAgeYears }: Availability) =>
  `${keysOf(countries)}!${keysOf(excludedCountries)}!${minimumAgeYears}`;

const keysOf = (countries: readonly string[]) => countries.map(countryKey).sort().join(',');
