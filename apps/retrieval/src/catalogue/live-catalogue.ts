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
import { inTurns, sortInTurns } from '@watchnext/service';
import type { Restrictions } from '@watchnext/vector-search';
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
  private readonly channels = new Map<string, number>();
  /** Distinct limits of country and age; the first lets everyone watch. */
  private readonly rules: Availability[] = [EVERYONE];
  private readonly ruleNumbers = new Map<string, number>([[ruleKey(EVERYONE), 0]]);
  private readonly snapshots = new Set<SnapshotVideos>();

  /** @param onError told of what could not be taken over; the catalogue goes on */
  constructor(private readonly onError: (error: unknown, videoId: string) => void) {}

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
      blockedChannels: [...blocked].flatMap((channelId) => this.channels.get(channelId) ?? []),
      forbiddenRules,
      countryRules,
      ageRules,
    };
  }

  private put(video: CatalogueVideo): void {
    this.videos.set(video);
    for (const snapshot of this.snapshots) void this.tell(snapshot, video);
  }

  private async tell(snapshot: SnapshotVideos, video: CatalogueVideo): Promise<void> {
    try {
      await snapshot.apply(this.retrievable(video));
    } catch (error) {
      // A snapshot that was let go meanwhile has no index any more; nothing is lost by that.
      if (this.snapshots.has(snapshot)) this.onError(error, video.videoId);
    }
  }

  private retrievable({ videoId, facts, availability, withdrawn }: CatalogueVideo): RetrievableVideo {
    const { channelId, topics, uploadedAtMs } = facts;
    return {
      videoId,
      channelId,
      topics,
      uploadedAtMs,
      channel: channelId === '' ? -1 : numberOf(this.channels, channelId),
      rule: availability === undefined ? 0 : this.ruleOf(availability),
      withdrawn,
    };
  }

  private ruleOf(availability: Availability): number {
    const number = numberOf(this.ruleNumbers, ruleKey(availability));
    this.rules[number] ??= availability;
    return number;
  }
}

function numberOf(numbers: Map<string, number>, key: string): number {
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

const ruleKey = ({ countries, excludedCountries, minimumAgeYears }: Availability) =>
  `${keysOf(countries)}!${keysOf(excludedCountries)}!${minimumAgeYears}`;

const keysOf = (countries: readonly string[]) => countries.map(countryKey).sort().join(',');
