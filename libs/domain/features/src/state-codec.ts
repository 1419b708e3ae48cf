/**
 * The state's bytes. Materialising decodes and encodes states more often than it does anything else, so this is written
 * by hand: four to nine times as fast as the generated code in writing, two to four times in reading. Specs hold it
 * equal to that, byte for byte, and whatever is out of the ordinary goes there.
 */
import {
  type Affinity,
  type DismissalEntry,
  type Exposure,
  type Profile,
  type SearchEntry,
  type SeenEvent,
  UserState,
  type WatchEntry,
} from '@watchnext/contract';
import { UnusualBytes, WireReader } from './wire-reader';
import { UnusualValue, WireWriter } from './wire-writer';

/**
 * Of the states that this version writes. To be raised by one where a state has something that the version before does not read: that
 * one drops it, as it writes the whole state anew, so it refuses a partition whose mark has a larger number (docs/decisions/0184).
 * States of before there was a number are of format 0.
 */
export const STATE_FORMAT_VERSION = 0;

/** The state of a user of whom nothing is known. */
export function newState(userId: string): UserState {
  return {
    userId,
    watches: [],
    searches: [],
    channels: [],
    topics: [],
    exposures: [],
    dismissals: [],
    profile: undefined,
    seenEvents: [],
    lastEventAtMs: 0,
    watchCount: 0,
    deleted: false,
  };
}

/** Whether nothing is known of the user, not even that there was a deletion: stores keep no such state. */
export function isNewState({ seenEvents, lastEventAtMs, deleted }: UserState): boolean {
  // Whatever is folded leaves its time, and a deletion a tombstone.
  return seenEvents.length === 0 && lastEventAtMs === 0 && !deleted;
}

const writer = new WireWriter();

/**
 * Canonical bytes: states with the same content give the same bytes, since the reducer keeps every list sorted and
 * fields are written in the order of their numbers. A full state has 20 to 60 KB.
 */
export function encodeState(state: UserState): Uint8Array {
  writer.reset();
  try {
    writeState(state);
  } catch (error) {
    if (error instanceof UnusualValue) return UserState.encode(state).finish();
    throw error;
  }
  return writer.finish();
}

/** @throws Error when the bytes are not an encoded `UserState` */
export function decodeState(bytes: Uint8Array): UserState {
  try {
    return readState(new WireReader(bytes));
  } catch (error) {
    if (error instanceof UnusualBytes) return UserState.decode(bytes);
    throw error;
  }
}

/**
 * What a request needs of a state: all but the ids of recent events, which are most of an active viewer's bytes and which no
 * feature looks at. They are passed over unread, and `seenEvents` is empty.
 * @throws Error as `decodeState`, but for what is wrong within an id
 */
export function decodeServingState(bytes: Uint8Array): UserState {
  try {
    return readState(new WireReader(bytes), passOver);
  } catch (error) {
    if (error instanceof UnusualBytes) return { ...UserState.decode(bytes), seenEvents: [] };
    throw error;
  }
}

// Tags are (field number << 3) | wire type: 0 a varint, 1 eight bytes, 2 a length and so many bytes.

function writeState(state: UserState): void {
  writer.string(0x0a, state.userId);
  for (const entry of state.watches) {
    const start = writer.begin(0x12);
    writer.string(0x0a, entry.videoId);
    writer.integer(0x10, entry.startedAtMs);
    writer.double(0x19, entry.watchSeconds);
    writer.double(0x21, entry.durationSeconds);
    writer.integer(0x28, entry.playbackHash);
    writer.end(start);
  }
  for (const entry of state.searches) {
    const start = writer.begin(0x1a);
    for (const token of entry.tokens) writer.element(0x0a, token);
    writer.integer(0x10, entry.searchedAtMs);
    writer.end(start);
  }
  for (const entry of state.channels) writeAffinity(0x22, entry);
  for (const entry of state.topics) writeAffinity(0x2a, entry);
  for (const entry of state.exposures) {
    const start = writer.begin(0x32);
    writer.string(0x0a, entry.videoId);
    writer.uint32(0x10, entry.impressionCount);
    writer.integer(0x18, entry.lastShownAtMs);
    writer.end(start);
  }
  for (const entry of state.dismissals) {
    const start = writer.begin(0x3a);
    writer.string(0x0a, entry.videoId);
    writer.integer(0x10, entry.dismissedAtMs);
    writer.end(start);
  }
  const { profile } = state;
  if (profile !== undefined) {
    const start = writer.begin(0x42);
    writer.string(0x0a, profile.country);
    writer.string(0x12, profile.language);
    writer.uint32(0x18, profile.ageYears);
    if (profile.gender >= 2 ** 31) throw new UnusualValue();
    writer.uint32(0x20, profile.gender);
    for (const channelId of profile.blockedChannelIds) writer.element(0x2a, channelId);
    writer.end(start);
  }
  for (const entry of state.seenEvents) {
    const start = writer.begin(0x4a);
    writer.integer(0x08, entry.atMs);
    writer.integer(0x10, entry.hash);
    writer.end(start);
  }
  writer.integer(0x50, state.lastEventAtMs);
  writer.integer(0x58, state.watchCount);
  if (state.deleted) writer.integer(0x60, 1);
}

function writeAffinity(tag: number, entry: Affinity): void {
  const start = writer.begin(tag);
  writer.string(0x0a, entry.key);
  writer.uint32(0x10, entry.watchCount);
  writer.double(0x19, entry.watchSeconds);
  writer.integer(0x20, entry.lastWatchedAtMs);
  writer.uint32(0x28, entry.impressionCount);
  writer.integer(0x30, entry.lastShownAtMs);
  writer.end(start);
}

function readState(reader: WireReader, readSeen = keepSeenEvent): UserState {
  const state = newState('');
  while (reader.position < reader.length) {
    switch (reader.integer()) {
      case 0x0a:
        state.userId = reader.string();
        break;
      case 0x12:
        state.watches.push(readWatch(reader, reader.end()));
        break;
      case 0x1a:
        state.searches.push(readSearch(reader, reader.end()));
        break;
      case 0x22:
        state.channels.push(readAffinity(reader, reader.end()));
        break;
      case 0x2a:
        state.topics.push(readAffinity(reader, reader.end()));
        break;
      case 0x32:
        state.exposures.push(readExposure(reader, reader.end()));
        break;
      case 0x3a:
        state.dismissals.push(readDismissal(reader, reader.end()));
        break;
      case 0x42:
        state.profile = readProfile(reader, reader.end());
        break;
      case 0x4a:
        readSeen(reader, state.seenEvents);
        break;
      case 0x50:
        state.lastEventAtMs = reader.integer();
        break;
      case 0x58:
        state.watchCount = reader.integer();
        break;
      case 0x60:
        state.deleted = reader.integer() !== 0;
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return state;
}

function keepSeenEvent(reader: WireReader, seenEvents: SeenEvent[]): void {
  seenEvents.push(readSeenEvent(reader, reader.end()));
}

function passOver(reader: WireReader): void {
  reader.position = reader.end();
}

function readWatch(reader: WireReader, end: number): WatchEntry {
  const entry: WatchEntry = { videoId: '', startedAtMs: 0, watchSeconds: 0, durationSeconds: 0, playbackHash: 0 };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        entry.videoId = reader.string();
        break;
      case 0x10:
        entry.startedAtMs = reader.integer();
        break;
      case 0x19:
        entry.watchSeconds = reader.double();
        break;
      case 0x21:
        entry.durationSeconds = reader.double();
        break;
      case 0x28:
        entry.playbackHash = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

function readSearch(reader: WireReader, end: number): SearchEntry {
  const entry: SearchEntry = { tokens: [], searchedAtMs: 0 };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        entry.tokens.push(reader.string());
        break;
      case 0x10:
        entry.searchedAtMs = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

function readAffinity(reader: WireReader, end: number): Affinity {
  const entry: Affinity = {
    key: '',
    watchCount: 0,
    watchSeconds: 0,
    lastWatchedAtMs: 0,
    impressionCount: 0,
    lastShownAtMs: 0,
  };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        entry.key = reader.string();
        break;
      case 0x10:
        entry.watchCount = reader.uint32();
        break;
      case 0x19:
        entry.watchSeconds = reader.double();
        break;
      case 0x20:
        entry.lastWatchedAtMs = reader.integer();
        break;
      case 0x28:
        entry.impressionCount = reader.uint32();
        break;
      case 0x30:
        entry.lastShownAtMs = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

function readExposure(reader: WireReader, end: number): Exposure {
  const entry: Exposure = { videoId: '', impressionCount: 0, lastShownAtMs: 0 };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        entry.videoId = reader.string();
        break;
      case 0x10:
        entry.impressionCount = reader.uint32();
        break;
      case 0x18:
        entry.lastShownAtMs = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

function readDismissal(reader: WireReader, end: number): DismissalEntry {
  const entry: DismissalEntry = { videoId: '', dismissedAtMs: 0 };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        entry.videoId = reader.string();
        break;
      case 0x10:
        entry.dismissedAtMs = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

function readProfile(reader: WireReader, end: number): Profile {
  const profile: Profile = { country: '', language: '', ageYears: 0, gender: 0, blockedChannelIds: [] };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x0a:
        profile.country = reader.string();
        break;
      case 0x12:
        profile.language = reader.string();
        break;
      case 0x18:
        profile.ageYears = reader.uint32();
        break;
      case 0x20:
        profile.gender = int31(reader);
        break;
      case 0x2a:
        profile.blockedChannelIds.push(reader.string());
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, profile);
}

function readSeenEvent(reader: WireReader, end: number): SeenEvent {
  const entry: SeenEvent = { atMs: 0, hash: 0 };
  while (reader.position < end) {
    switch (reader.integer()) {
      case 0x08:
        entry.atMs = reader.integer();
        break;
      case 0x10:
        entry.hash = reader.integer();
        break;
      default:
        throw new UnusualBytes();
    }
  }
  return ended(reader, end, entry);
}

/** An enum is an int32, whose larger half is negative. */
function int31(reader: WireReader): number {
  const value = reader.integer();
  if (value >= 2 ** 31) throw new UnusualBytes();
  return value;
}

/** A field that goes on beyond its message is none of ours. */
function ended<Message>(reader: WireReader, end: number, message: Message): Message {
  if (reader.position !== end) throw new UnusualBytes();
  return message;
}
