/** Builds the contract's events of the live world, with ids that depend on the random numbers given and the time they occurred. */
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import { v7 } from 'uuid';
import { factsOf } from '../catalogue-events';
import { PRODUCER } from '../life/story';
import { COUNTRIES, COUNTRIES_OF_THE_WORLD, LANGUAGES } from '../topics';
import type { Video, Viewer } from '../world';

export class EventFactory {
  constructor(private readonly random: Random) {}

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
      receivedAtMs: 0,
      producer: PRODUCER,
      backfill: false,
      body,
    };
  }

  search(viewer: Viewer, query: string, atMs: number): Event {
    return this.event(atMs, { $case: 'search', value: { userId: viewer.id, query } });
  }

  registered(viewer: Viewer, atMs: number): Event {
    const { id, country, ageYears, gender } = viewer;
    const language = LANGUAGES[COUNTRIES_OF_THE_WORLD[COUNTRIES.indexOf(country)].language];
    return this.event(atMs, {
      $case: 'userUpserted',
      value: { userId: id, profile: { country, language, ageYears, gender, blockedChannelIds: [] } },
    });
  }

  /** An anonymous viewer has logged in. The collector adds its history. */
  merged(viewer: Viewer, anonymousUserId: string, atMs: number): Event {
    return this.event(atMs, {
      $case: 'userMerged',
      value: { userId: viewer.id, anonymousUserId, history: undefined },
    });
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
        video: factsOf(video),
        country: viewer.country,
        device: viewer.device,
      },
    });
  }
}
