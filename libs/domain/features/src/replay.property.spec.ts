import * as fc from 'fast-check';
import { candidateFeatures } from './candidate-features';
import { isCompleted } from './completion';
import { LIMITS } from './limits';
import { rankingUserFeatures } from './ranking-features';
import { rankingVideoFeatures } from './ranking-video-features';
import { applyEvent } from './reducer';
import { refuse } from './refusal';
import { replayUser, replayUserInto } from './replay';
import type { CountedImpression, ReplayOptions, ReplayResult } from './replay-types';
import { seenEventIn } from './seen-events';
import { decodeState, encodeState, newState } from './state-codec';
import { USER_ID } from './testing/event-builders';
import { userStreams } from './testing/event-streams';
import { firstReports } from './testing/first-reports';
import type { CandidateExample, RankingExample, UserRecord, UserState } from './types';

fc.configureGlobal({ seed: 20261124 });

const OPTIONS = { joinWindowMs: 24 * 3600 * 1000, logEndMs: Infinity };

/** As the materialiser does it. */
function fold(state: UserState, records: readonly UserRecord[]): void {
  for (const { event, timestampMs, topic } of records) {
    if (refuse(event, timestampMs ?? 0, topic) === undefined) applyEvent(state, event);
  }
}

function foldAll(records: readonly UserRecord[]): Uint8Array {
  const state = newState(USER_ID);
  fold(state, records);
  return encodeState(state);
}

function foldInBatches(records: readonly UserRecord[], sizes: readonly number[]): Uint8Array {
  let bytes = encodeState(newState(USER_ID));
  let from = 0;
  for (let batch = 0; from < records.length; batch++) {
    const to = from + (sizes[batch % sizes.length] ?? records.length);
    const state = decodeState(bytes);
    fold(state, records.slice(from, to));
    bytes = encodeState(state);
    from = to;
  }
  return bytes;
}

const batchSizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
const streams = fc.oneof(userStreams(), userStreams({ wide: true, maxLength: 150 }));

describe('replay and streaming', () => {
  it('give the same state byte for byte: in one go, in batches, and from a checkpoint', () => {
    fc.assert(
      fc.property(streams, batchSizes, fc.nat(), (records, sizes, cut) => {
        const expected = foldAll(records);
        expectSameState(foldInBatches(records, sizes), expected);
        expectSameState(encodeState(replayUser(records, OPTIONS).finalState), stateOrNew(records, expected));

        const middle = cut % (records.length + 1);
        const initialState = newState(USER_ID);
        fold(initialState, records.slice(0, middle));
        const checkpoint = encodeState(initialState);
        const resumed = replayUser(records.slice(middle), { ...OPTIONS, initialState });
        expectSameState(encodeState(resumed.finalState), expected);
        expectSameState(encodeState(initialState), checkpoint);
      }),
      { numRuns: 60 },
    );
  });

  it('hold for ten thousand events of one user, whose state stays within its bounds', () => {
    fc.assert(
      fc.property(
        userStreams({ wide: true, minLength: 10_000, maxLength: 10_000, without: ['deleted', 'expired'] }),
        (records) => {
          const expected = foldAll(records);
          expectSameState(foldInBatches(records, [997]), expected);
          const replayed = replayUser(records, OPTIONS);
          expectSameState(encodeState(replayed.finalState), expected);
          expectCanonical(replayed.finalState);
          expect(replayed.finalState.watches.length).toBeGreaterThan(LIMITS.newestPlaybacks);
          expect(replayed.finalState.watches.filter(isCompleted)).toHaveLength(LIMITS.newestCompleted);
          expect(replayed.finalState.exposures).toHaveLength(LIMITS.exposures);
        },
      ),
      { numRuns: 1 },
    );
  });

  it('keep the state bounded, sorted and its bytes canonical after every event', () => {
    fc.assert(
      fc.property(userStreams({ wide: true, maxLength: 150 }), (records) => {
        const state = newState(USER_ID);
        for (const record of records) {
          fold(state, [record]);
          expectCanonical(state);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('change nothing on redelivery', () => {
    fc.assert(
      fc.property(streams, fc.nat(), fc.nat({ max: 30 }), (records, cut, length) => {
        const middle = cut % (records.length + 1);
        const again = [...records.slice(0, middle), ...records.slice(Math.max(0, middle - length))];
        expect(replayUser(again, OPTIONS)).toEqual(replayUser(records, OPTIONS));
      }),
      { numRuns: 40 },
    );
  });

  it('yield the same with ids that were read from bytes', () => {
    fc.assert(
      fc.property(streams, (records) => {
        const read = records.map((record): UserRecord => {
          const id = Buffer.from(record.event.eventId);
          return { ...record, seenEvent: seenEventIn(id, 0, id.length) };
        });
        const { refusals, ...replayed } = replayUser(read, OPTIONS);
        const { refusals: expectedRefusals, ...expected } = replayUser(records, OPTIONS);
        expect(replayed).toEqual(expected);
        expect(refusals.map(({ refusal }) => refusal)).toEqual(expectedRefusals.map(({ refusal }) => refusal));
      }),
      { numRuns: 40 },
    );
  });

  it('yield the same one by one as in lists, in arrays that the user before had', () => {
    fc.assert(
      fc.property(fc.array(streams, { minLength: 1, maxLength: 3 }), fc.boolean(), (users, withWatchTimes) => {
        for (const records of users) {
          const options = { ...OPTIONS, withWatchTimes };
          const expected = replayUser(records, options);
          const [impressions, labels, watches]: [unknown[], unknown[], unknown[]] = [[], [], []];
          const outcome = replayUserInto(records, options, {
            impression: ({ user, video, ...own }) => {
              impressions.push({
                ...own,
                user: { ...user, numbers: user.numbers.slice() },
                video: { ...video, numbers: video.numbers.slice() },
              });
            },
            playback: ({ playback, known }, completed) => {
              const { videoId, atMs, watchSeconds, durationSeconds } = playback;
              watches.push({ videoId, atMs, watchSeconds, durationSeconds, completed });
              const { history, circumstances } = known!;
              const { videoIds, startedAtMs, from, to } = history;
              const watchedAtMs = withWatchTimes ? { watchedAtMs: startedAtMs.slice(from, to) } : {};
              const features = { watchedVideoIds: videoIds.slice(from, to), ...watchedAtMs, ...circumstances };
              if (completed) labels.push({ labelVideoId: videoId, labelAtMs: atMs, features });
            },
          });
          expect(impressions).toEqual(expected.rankingExamples);
          expect(labels).toEqual(expected.candidateExamples.map(({ userId: _, ...label }) => label));
          expect(watches).toEqual(expected.watches);
          expectSameState(encodeState(outcome.finalState), encodeState(expected.finalState));
          expect(outcome.refusals).toEqual(expected.refusals);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('change nothing on a retry under a new offset', () => {
    fc.assert(
      fc.property(userStreams({ without: ['retry'] }), fc.array(fc.tuple(fc.nat(), fc.nat())), (records, retries) => {
        const withRetries = insertRetries(records, retries);
        const plain = replayUser(records, OPTIONS);
        const retried = replayUser(withRetries, OPTIONS);
        expectSameState(encodeState(retried.finalState), encodeState(plain.finalState));
        expect(retried.candidateExamples).toEqual(plain.candidateExamples);
        expect(retried.watches).toEqual(plain.watches);
        expect(retried.rankingExamples).toEqual(plain.rankingExamples);
        expect(retried.duplicateCount + retried.refusals.length).toBe(
          plain.duplicateCount + plain.refusals.length + withRetries.length - records.length,
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('examples of a replay', () => {
  it('do not change their features when later events come', () => {
    fc.assert(
      fc.property(userStreams({ without: ['deleted'] }), fc.nat(), (records, cut) => {
        const full = replayUser(records, OPTIONS);
        const prefix = replayUser(records.slice(0, cut % (records.length + 1)), OPTIONS);

        const fullByImpression = new Map(full.rankingExamples.map((example) => [example.impressionId, example]));
        for (const { impressionId, user, video } of prefix.rankingExamples) {
          const later = fullByImpression.get(impressionId);
          // A confirmation that came later may have said that it was never seen.
          if (later === undefined) continue;
          expect({ user, video }).toEqual({ user: later.user, video: later.video });
        }
        // Later parts may complete a playback, or tell its duration; its features stay.
        const fullExamples = examplesByWatch(full);
        examplesByWatch(prefix).forEach((example, watch) => {
          const later = fullExamples[watch];
          if (example !== undefined && later !== undefined) expect(example).toEqual(later);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('have the features that were served: those of the stored state at the mark', () => {
    fc.assert(
      fc.property(userStreams({ without: ['deleted'] }), (records) => {
        const byImpression = servedFeatures(records);
        const { rankingExamples } = replayUser(records, OPTIONS);
        for (const { impressionId, user, video } of rankingExamples) {
          expect({ user, video }).toEqual(byImpression.get(impressionId));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('have as labels the playbacks, with the features of the state just before their first report', () => {
    const long = userStreams({ wide: true, minLength: 120, maxLength: 180, without: ['deleted'] });
    fc.assert(
      fc.property(fc.oneof(userStreams({ without: ['deleted'] }), long), (records) => {
        const expected = firstReports(records).map(({ before, event, watch: { country, device } }) =>
          candidateFeatures(before, {
            ...contextAt(event.occurredAtMs),
            country,
            device,
            loggedIn: before.profile !== undefined,
          }),
        );
        const examples = examplesByWatch(replayUser(records, OPTIONS));
        expected.forEach((features, watch) => {
          const example = examples[watch];
          if (example !== undefined) expect(example.features).toEqual(features);
        });
        expect(examples).toHaveLength(expected.length);
      }),
      { numRuns: 60 },
    );
  });

  it('are those of a replay of all that lie in the window that is asked for, and all else is counted', () => {
    let [leftOutCount, keptCount] = [0, 0];
    fc.assert(
      fc.property(streams, fc.nat(100), fc.boolean(), (records, percent, isAllSettled) => {
        const times = records.map(({ event }) => event.occurredAtMs);
        const [first, last] = [Math.min(...times), Math.max(...times)];
        const examplesFromMs = Math.round(first + ((last - first) * percent) / 100);
        const options = {
          ...OPTIONS,
          ...(isAllSettled ? {} : { logEndMs: last, settledAfterMs: 60_000, countedAfterMs: 0 }),
        };
        const all = replayUser(records, options);
        const windowed = replayUser(records, { ...options, examplesFromMs });
        const isIn = (atMs: number) => atMs >= examplesFromMs;
        expect(windowed.candidateExamples).toEqual(all.candidateExamples.filter(({ labelAtMs }) => isIn(labelAtMs)));
        expect(windowed.rankingExamples).toEqual(all.rankingExamples.filter(({ servedAtMs }) => isIn(servedAtMs)));
        expect(windowed.watches).toEqual(all.watches);
        expectSameState(encodeState(windowed.finalState), encodeState(all.finalState));
        expect(countedOf(records, { ...options, examplesFromMs })).toEqual(countedOf(records, options));
        leftOutCount += all.rankingExamples.length - windowed.rankingExamples.length;
        keptCount += windowed.rankingExamples.length;
      }),
      { numRuns: 140 },
    );
    expect(leftOutCount).toBeGreaterThan(100);
    expect(keptCount).toBeGreaterThan(100);
  });

  it('are all there in a window that is as long as the log', () => {
    fc.assert(
      fc.property(streams, (records) => {
        const examplesFromMs = Math.min(...records.map(({ event }) => event.occurredAtMs));
        expect(replayUser(records, { ...OPTIONS, examplesFromMs })).toEqual(replayUser(records, OPTIONS));
      }),
      { numRuns: 20 },
    );
  });

  it('do not depend on when the log has what a client confirms', () => {
    let ignoredCount = 0;
    const isConfirmation = ({ event }: UserRecord) => event.body?.$case === 'impressionsViewed';
    fc.assert(
      fc.property(userStreams({ without: ['deleted', 'retry', 'broken'] }), (records) => {
        const end = records.length > 0 ? records[records.length - 1].offset + 1 : 0;
        const confirmations = records.filter(isConfirmation).map((record, i) => ({ ...record, offset: end + i }));
        const others = records.filter((record) => !isConfirmation(record));
        const { rankingExamples } = replayUser(records, OPTIONS);
        expect(replayUser([...others, ...confirmations], OPTIONS).rankingExamples).toEqual(rankingExamples);
        const confirmed = new Set(confirmations.map(({ event }) => requestOf(event)));
        const requests = new Set(rankingExamples.map(({ requestId }) => requestId));
        const lists = others.filter(({ event }) => event.body?.$case === 'impressionsServed');
        ignoredCount += lists.filter(({ event }) => {
          const requestId = requestOf(event);
          return !confirmed.has(requestId) && !requests.has(requestId);
        }).length;
      }),
      { numRuns: 60 },
    );
    expect(ignoredCount).toBeGreaterThan(20);
  });

  it('have as history the watches, by id and time, that are dated strictly before the label and were completed by then', () => {
    let [watchCount, leftOutCount] = [0, 0];
    // 10 s and 30% of the video, or the whole of a shorter one.
    const isWatched = ({ watchSeconds, durationSeconds }: UserState['watches'][number]) =>
      durationSeconds > 0 && durationSeconds < 10
        ? watchSeconds >= durationSeconds
        : watchSeconds >= 10 && watchSeconds >= 0.3 * durationSeconds;
    fc.assert(
      fc.property(userStreams({ without: ['deleted'] }), (records) => {
        const examples = examplesByWatch(replayUser(records, { ...OPTIONS, withWatchTimes: true }));
        firstReports(records).forEach(({ before, event }, watch) => {
          const example = examples[watch];
          if (example === undefined) return;
          const earlier = before.watches.filter((entry) => entry.startedAtMs < event.occurredAtMs && isWatched(entry));
          const { watchedVideoIds, watchedAtMs } = example.features;
          expect(watchedVideoIds).toEqual(earlier.map(({ videoId }) => videoId));
          expect(watchedAtMs).toEqual(earlier.map(({ startedAtMs }) => startedAtMs));
          watchCount += earlier.length;
          leftOutCount += before.watches.filter(isWatched).length - earlier.length;
        });
      }),
      { numRuns: 100 },
    );
    // Events are late in these streams: without the rule histories would hold watches from the label's future.
    expect(watchCount).toBeGreaterThan(500);
    expect(leftOutCount).toBeGreaterThan(100);
  });
});

const requestOf = ({ body }: UserRecord['event']): string =>
  body?.$case === 'impressionsViewed' || body?.$case === 'impressionsServed' ? body.value.requestId : '';

/** What counts see of all impressions, examples or not. */
function countedOf(records: readonly UserRecord[], options: ReplayOptions): CountedImpression[] {
  const counted: CountedImpression[] = [];
  const add = ({ servedAtMs, clicked, watchSeconds, user, video }: CountedImpression) => {
    const { surface, country } = user;
    const { videoId, channelId, topics } = video;
    counted.push({
      servedAtMs,
      clicked,
      watchSeconds,
      user: { surface, country },
      video: { videoId, channelId, topics },
    });
  };
  replayUserInto(records, options, { impression: add, counted: add, playback: () => undefined });
  return counted;
}

/** Features as served: at each list's mark, from the bytes stored then. */
function servedFeatures(records: readonly UserRecord[]) {
  const features = new Map<string, Pick<RankingExample, 'user' | 'video'>>();
  records.forEach(({ event }, index) => {
    if (event.body?.$case !== 'impressionsServed') return;
    const { mark, context, items } = event.body.value;
    if (context === undefined) throw new Error('these streams give every list its context');
    const before = records.slice(0, index).filter(({ offset }) => mark === undefined || offset <= mark.offset);
    const state = decodeState(foldAll(before));
    const user = rankingUserFeatures(state, context);
    for (const item of items) {
      if (features.has(item.impressionId)) continue;
      features.set(item.impressionId, { user, video: rankingVideoFeatures(state, item, context) });
    }
  });
  return features;
}

function insertRetries(records: readonly UserRecord[], retries: readonly (readonly [number, number])[]): UserRecord[] {
  const result: UserRecord[] = [];
  records.forEach((record, index) => {
    result.push({ ...record, offset: record.offset * 100 });
    retries.forEach(([at, back], retry) => {
      if (at % records.length !== index) return;
      const first = records[index - (back % (index + 1))];
      const { backfill, body } = first.event;
      // An expiry that comes again holds again, if only a backfill came between.
      if (backfill || body?.$case === 'userExpired' || refuse(first.event, 0) !== undefined) return;
      const event = { ...first.event, receivedAtMs: record.event.receivedAtMs };
      result.push({ ...record, offset: record.offset * 100 + 1 + retry, event });
    });
  });
  // Marks name offsets.
  return result.map((record) => {
    const { body } = record.event;
    if (body?.$case !== 'impressionsServed' || body.value.mark === undefined) return record;
    const mark = { ...body.value.mark, offset: Math.max(-1, body.value.mark.offset * 100) };
    return { ...record, event: { ...record.event, body: { ...body, value: { ...body.value, mark } } } };
  });
}

/** Bytes are compared at once, fields only to show what differs. */
function expectSameState(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  expect(decodeState(actual)).toEqual(decodeState(expected));
  throw new Error('states with the same content have different bytes');
}

/** Replay learns the user's name from the records; without any that names one, it has none. */
function stateOrNew(records: readonly UserRecord[], expected: Uint8Array): Uint8Array {
  return records.some(({ event }) => event.body !== undefined) ? expected : encodeState(newState(''));
}

/** The example of each playback that has one, by the place of the playback among `watches`. */
function examplesByWatch({ watches, candidateExamples }: ReplayResult): (CandidateExample | undefined)[] {
  let next = 0;
  const examples = watches.map(({ completed }) => (completed ? candidateExamples[next++] : undefined));
  expect(next).toBe(candidateExamples.length);
  return examples;
}

function contextAt(requestedAtMs: number) {
  return { requestedAtMs, surface: '', country: '', device: '', loggedIn: false, seedVideoId: '' };
}

function expectCanonical(state: UserState): void {
  const bytes = encodeState(state);
  expectSameState(encodeState(decodeState(bytes)), bytes);
  for (const list of ['watches', 'searches', 'channels', 'topics', 'exposures', 'dismissals', 'seenEvents'] as const) {
    expect(state[list].length).toBeLessThanOrEqual(LIMITS[list]);
  }
  const { watches } = state;
  expect(watches.slice(0, -LIMITS.newestPlaybacks).every(isCompleted)).toBe(true);
  expect(watches.filter(isCompleted).length).toBeLessThanOrEqual(LIMITS.newestCompleted);
  expectAscending(watches, (a, b) => a.startedAtMs - b.startedAtMs || a.playbackHash - b.playbackHash);
  expectAscending(state.searches, (a, b) => a.searchedAtMs - b.searchedAtMs);
  expectAscending(state.seenEvents, (a, b) => a.atMs - b.atMs || a.hash - b.hash);
  for (const list of [state.channels, state.topics]) expectStrictlyAscending(list.map(({ key }) => key));
  for (const list of [state.exposures, state.dismissals]) expectStrictlyAscending(list.map(({ videoId }) => videoId));
}

function expectAscending<Entry>(entries: readonly Entry[], compare: (a: Entry, b: Entry) => number): void {
  const disorder = entries.findIndex((entry, i) => i > 0 && compare(entries[i - 1], entry) > 0);
  expect(disorder).toBe(-1);
}

function expectStrictlyAscending(keys: readonly string[]): void {
  expect(keys.findIndex((key, i) => i > 0 && keys[i - 1] >= key)).toBe(-1);
}
