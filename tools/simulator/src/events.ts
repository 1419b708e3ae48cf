/** Builds the contract's events, with ids that depend on the seed and the time they occurred. */
import type { Event, RequestContext, VideoFacts } from '@watchnext/contract';
import { Gender } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import { v7 } from 'uuid';
import type { Video, Viewer, World } from './world';

export const PRODUCER = 'simulator';

export class EventFactory {
  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly backfill: boolean,
  ) {}

  /** A UUIDv7 of the given time whose other bits come from the seed. */
  newId(atMs: number): string {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.random.nextInt(256);
    return v7({ msecs: Math.floor(atMs), random: bytes });
  }

  event(occurredAtMs: number, body: NonNullable<Event['body']>): Event {
    const atMs = Math.floor(occurredAtMs);
    return {
      eventId: this.newId(atMs),
      occurredAtMs: atMs,
      receivedAtMs: this.backfill ? atMs : 0,
      producer: PRODUCER,
      backfill: this.backfill,
      body,
    };
  }

  facts(video: Video): VideoFacts {
    return {
      channelId: video.channel.id,
      topics: video.topicIndices.map((k) => this.world.topics[k].name),
      durationSeconds: video.durationSeconds,
      uploadedAtMs: video.uploadedAtMs,
    };
  }

  videoUpserted(video: Video): Event {
    return this.event(video.uploadedAtMs, {
      $case: 'videoUpserted',
      value: { videoId: video.id, title: video.title, video: this.facts(video), thumbnailUrl: '' },
    });
  }

  userUpserted(viewer: Viewer, atMs: number): Event {
    const gender = [Gender.UNSPECIFIED, Gender.FEMALE, Gender.MALE, Gender.OTHER][viewer.gender];
    return this.event(atMs, {
      $case: 'userUpserted',
      value: {
        userId: viewer.id,
        profile: { country: viewer.country, language: '', ageYears: viewer.ageYears, gender },
      },
    });
  }

  search(viewer: Viewer, query: string, atMs: number): Event {
    return this.event(atMs, { $case: 'search', value: { userId: viewer.id, query } });
  }

  viewed(viewer: Viewer, requestId: string, impressionIds: string[], atMs: number): Event {
    return this.event(atMs, { $case: 'impressionsViewed', value: { userId: viewer.id, requestId, impressionIds } });
  }

  dismissal(viewer: Viewer, video: Video, impressionId: string, atMs: number): Event {
    return this.event(atMs, { $case: 'dismissal', value: { userId: viewer.id, videoId: video.id, impressionId } });
  }

  watch(
    viewer: Viewer,
    video: Video,
    playback: { playbackId: string; impressionId: string },
    positionSeconds: number,
    atMs: number,
  ): Event {
    return this.event(atMs, {
      $case: 'watch',
      value: {
        userId: viewer.id,
        videoId: video.id,
        playbackId: playback.playbackId,
        impressionId: playback.impressionId,
        positionSeconds: Math.round(positionSeconds * 10) / 10,
        video: this.facts(video),
        country: viewer.country,
        device: viewer.device,
      },
    });
  }

  context(viewer: Viewer, surface: string, atMs: number): RequestContext {
    return {
      requestedAtMs: Math.floor(atMs),
      surface,
      country: viewer.country,
      device: viewer.device,
      loggedIn: viewer.loggedIn,
      seedVideoId: '',
    };
  }
}
