/**
 * What is watched in the world outside of any recommender: draws videos by their demand of the day, of a language, a
 * topic or a channel. It depends on nobody's history, so viewers can be simulated in any order and on any number of workers.
 *
 * Videos are put in the order (language, topic, channel), so that each of these is a range, and a running sum of demand
 * a day serves them all.
 */
import { DAY_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { searchSum } from './catalogue';
import { LANGUAGES, TOPICS_OF_THE_WORLD } from './topics';
import type { World } from './world';

/** Tries until a draw is given up: a range may hold nothing that is there yet. */
const TRIES = 8;

export class Demand {
  /** Videos in the order of ranges. */
  private readonly order: Uint32Array;
  /** First place of each (language, topic), and the end. */
  private readonly topicStarts: Uint32Array;
  /** First place of each channel, and its end. */
  private readonly channelStart: Uint32Array;
  private readonly channelEnd: Uint32Array;
  /** Videos by upload. */
  private readonly byUpload: Uint32Array;
  private readonly sumsByDay = new Map<number, Float64Array>();

  constructor(private readonly world: World) {
    const { catalogue } = world;
    const { channels, count } = catalogue;
    // Numbers sort many times faster than what a comparison is called for. Uploads make more videos than `MOST_VIDEOS`, so an
    // index has as much room as it needs.
    const keys = new Float64Array(count);
    const topics = TOPICS_OF_THE_WORLD.length;
    for (let index = 0; index < count; index++) {
      const channel = catalogue.channel[index];
      const range = channels.language[channel] * topics + channels.topic[channel];
      keys[index] = (range * channels.count + channel) * count + index;
    }
    keys.sort();
    this.order = Uint32Array.from(keys, (key) => key % count);
    this.topicStarts = new Uint32Array(LANGUAGES.length * topics + 1).fill(count);
    this.channelStart = new Uint32Array(channels.count);
    this.channelEnd = new Uint32Array(channels.count);
    for (let place = count - 1; place >= 0; place--) {
      const channel = catalogue.channel[this.order[place]];
      this.topicStarts[channels.language[channel] * topics + channels.topic[channel]] = place;
      this.channelStart[channel] = place;
      if (this.channelEnd[channel] === 0) this.channelEnd[channel] = place + 1;
    }
    for (let range = this.topicStarts.length - 2; range >= 0; range--)
      this.topicStarts[range] = Math.min(this.topicStarts[range], this.topicStarts[range + 1]);
    const uploads = Uint32Array.from({ length: count }, (_, index) => index);
    uploads.sort((a, b) => catalogue.uploadedAtMs[a] - catalogue.uploadedAtMs[b] || a - b);
    this.byUpload = uploads;
  }

  /** A video in demand at that moment; −1 where the range has none. */
  ofLanguage(language: number, atMs: number, random: Random): number {
    const topics = TOPICS_OF_THE_WORLD.length;
    return this.draw(this.topicStarts[language * topics], this.topicStarts[(language + 1) * topics], atMs, random);
  }

  ofTopic(language: number, topic: number, atMs: number, random: Random): number {
    const range = language * TOPICS_OF_THE_WORLD.length + topic;
    return this.draw(this.topicStarts[range], this.topicStarts[range + 1], atMs, random);
  }

  ofChannel(channel: number, atMs: number, random: Random): number {
    return this.draw(this.channelStart[channel], this.channelEnd[channel], atMs, random);
  }

  /** Any video of the language, whatever its demand. */
  anyOf(language: number, atMs: number, random: Random): number {
    const topics = TOPICS_OF_THE_WORLD.length;
    const from = this.topicStarts[language * topics];
    const to = this.topicStarts[(language + 1) * topics];
    for (let tries = 0; tries < TRIES && to > from; tries++) {
      const video = this.order[from + random.nextInt(to - from)];
      if (this.world.catalogue.uploadedAtMs[video] <= atMs) return video;
    }
    return -1;
  }

  /** One of the last `days` days' uploads, of the language if a few tries find one. */
  fresh(language: number, days: number, atMs: number, random: Random): number {
    const { catalogue } = this.world;
    const from = this.uploadsBefore(atMs - days * DAY_MS);
    const to = this.uploadsBefore(atMs);
    let video = -1;
    for (let tries = 0; tries < TRIES && to > from; tries++) {
      video = this.byUpload[from + random.nextInt(to - from)];
      if (catalogue.channels.language[catalogue.channel[video]] === language) break;
    }
    return video;
  }

  private uploadsBefore(atMs: number): number {
    const { uploadedAtMs } = this.world.catalogue;
    let low = 0;
    let high = this.byUpload.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (uploadedAtMs[this.byUpload[middle]] <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private draw(from: number, to: number, atMs: number, random: Random): number {
    if (to <= from) return -1;
    const sums = this.sumsOf(Math.floor(this.world.dayOf(atMs)));
    const before = from === 0 ? 0 : sums[from - 1];
    const total = sums[to - 1] - before;
    if (!(total > 0)) return -1;
    for (let tries = 0; tries < TRIES; tries++) {
      const video = this.order[searchSum(sums, before + random.next() * total, from, to)];
      if (this.world.catalogue.uploadedAtMs[video] <= atMs) return video;
    }
    return -1;
  }

  /** Running sums of the demand in the middle of a day; what comes up later that day counts as a few hours old. */
  private sumsOf(day: number): Float64Array {
    let sums = this.sumsByDay.get(day);
    if (sums) return sums;
    const { catalogue, startMs } = this.world;
    const middleMs = startMs + (day + 0.5) * DAY_MS;
    const endMs = startMs + (day + 1) * DAY_MS;
    sums = new Float64Array(this.order.length);
    let sum = 0;
    for (let place = 0; place < sums.length; place++) {
      const video = this.order[place];
      const uploadedAtMs = catalogue.uploadedAtMs[video];
      if (uploadedAtMs < endMs) sum += catalogue.demandAt(video, Math.max(middleMs, uploadedAtMs + DAY_MS / 4));
      sums[place] = sum;
    }
    this.sumsByDay.set(day, sums);
    return sums;
  }
}
