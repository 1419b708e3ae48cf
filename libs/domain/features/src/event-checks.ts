/** Structural rules of each kind of event. */
import type {
  Event,
  ExperimentAssignment,
  ExploredPlace,
  ImpressionItem,
  ImpressionsServed,
  ImpressionsViewed,
  Availability,
  Profile,
  RequestContext,
  UserState,
  VideoFacts,
  Watch,
} from '@watchnext/contract';
import {
  amount,
  atMost,
  each,
  finiteFloat,
  invalid,
  missing,
  optionalText,
  pastTime,
  requiredId,
  wholeNumber,
  within,
} from './field-checks';
import { LIMITS } from './limits';
import { MINUTE_MS } from './time';
import type { Refusal } from './types';

type Checked = Refusal | undefined;

/**
 * @param latestMs no time in the event may lie after it
 * @param textsAreSound as `refuse` is told
 */
export function checkBody(body: Event['body'], latestMs: number, textsAreSound: boolean): Checked {
  if (body === undefined) return missing('body');
  if (textsAreSound && body.$case === 'watch') return within(body.$case, checkWatchWithoutTexts(body.value));
  if (textsAreSound && body.$case === 'impressionsServed') {
    const { userId } = body.value;
    return within(body.$case, SOUND_TEXTS.id(userId, 'userId') ?? checkServed(body.value, latestMs, SOUND_TEXTS));
  }
  const user = 'userId' in body.value ? requiredId(body.value.userId, 'userId') : undefined;
  return within(body.$case, user ?? checkKind(body, latestMs));
}

function checkKind(body: NonNullable<Event['body']>, latestMs: number): Checked {
  switch (body.$case) {
    case 'watch':
      return checkWatch(body.value);
    case 'impressionsServed':
      return checkServed(body.value, latestMs, UNSEEN_TEXTS);
    case 'impressionsViewed':
      return checkViewed(body.value);
    case 'search':
      return checkQuery(body.value.query);
    case 'dismissal':
      return requiredId(body.value.videoId, 'videoId') ?? optionalText(body.value.impressionId, 'impressionId');
    case 'userUpserted':
      return checkProfile(body.value.profile);
    case 'userMerged':
      return (
        requiredId(body.value.anonymousUserId, 'anonymousUserId') ??
        (body.value.history && within('history', checkHistory(body.value.history, latestMs)))
      );
    case 'userDeleted':
      return undefined;
    case 'userExpired':
      return checkIdle(body.value.idleSinceMs, latestMs);
    case 'videoUpserted':
      return (
        requiredId(body.value.videoId, 'videoId') ??
        longText(body.value.title, 'title') ??
        longText(body.value.thumbnailUrl, 'thumbnailUrl') ??
        checkFacts(body.value.video) ??
        checkAvailability(body.value.availability)
      );
    case 'videoWithdrawn':
      return requiredId(body.value.videoId, 'videoId') ?? longText(body.value.reason, 'reason');
  }
}

/** Any later, and the state would forget the id of an event that may still come again and be let in. */
function checkIdle(idleSinceMs: number, latestMs: number): Checked {
  const field = 'idleSinceMs';
  if (idleSinceMs === 0) return missing(field);
  const receivedAtMs = latestMs - LIMITS.clockAheadMs;
  return (
    pastTime(idleSinceMs, field, latestMs) ??
    (idleSinceMs > receivedAtMs - LIMITS.seenWindowMs
      ? invalid(field, `must lie ${LIMITS.seenWindowMs / MINUTE_MS} minutes before the event is received, or more`)
      : undefined)
  );
}

function checkWatch(watch: Watch): Checked {
  return (
    requiredId(watch.videoId, 'videoId') ??
    requiredId(watch.playbackId, 'playbackId') ??
    optionalText(watch.impressionId, 'impressionId') ??
    amount(watch.positionSeconds, 'positionSeconds', LIMITS.positionSeconds) ??
    optionalText(watch.country, 'country') ??
    optionalText(watch.device, 'device') ??
    checkFacts(watch.video)
  );
}

/** What of `checkWatch` is left, in its order. */
function checkWatchWithoutTexts({ userId, videoId, playbackId, positionSeconds }: Watch): Checked {
  if (userId === '') return missing('userId');
  if (videoId === '') return missing('videoId');
  if (playbackId === '') return missing('playbackId');
  return amount(positionSeconds, 'positionSeconds', LIMITS.positionSeconds);
}

/** Whether `refuse` lets a watch's texts be so: it may still be missing one. */
export function isSoundText(text: string): boolean {
  return optionalText(text, '') === undefined;
}

/** Whether `refuse` lets the facts of a video be so. */
export function areSoundFacts(facts: VideoFacts): boolean {
  return checkFacts(facts) === undefined;
}

/** What is asked of the texts and facts of a list. */
interface TextChecks {
  readonly id: (value: string, field: string) => Checked;
  readonly text: (value: string, field: string) => Checked;
  readonly facts: (facts: VideoFacts | undefined) => Checked;
}

const UNSEEN_TEXTS: TextChecks = { id: requiredId, text: optionalText, facts: checkFacts };
/** Of such as are known to be sound: one may be missing still. */
const SOUND_TEXTS: TextChecks = {
  id: (value, field) => (value === '' ? missing(field) : undefined),
  text: () => undefined,
  facts: () => undefined,
};

function checkServed(served: ImpressionsServed, latestMs: number, texts: TextChecks): Checked {
  return (
    texts.id(served.requestId, 'requestId') ??
    texts.text(served.pageId, 'pageId') ??
    texts.text(served.snapshotId, 'snapshotId') ??
    texts.text(served.experimentId, 'experimentId') ??
    texts.text(served.variantId, 'variantId') ??
    longText(served.rungReason, 'rungReason') ??
    (served.context && within('context', checkContext(served.context, latestMs, texts))) ??
    (served.mark && within('mark', checkMark(served.mark))) ??
    atMost(served.items, 'items', LIMITS.itemsPerImpressionsServed) ??
    each(served.items, 'items', (item) => checkItem(item, texts)) ??
    wholeNumber(served.latencyMs, 'latencyMs', LIMITS.count) ??
    atMost(served.assignments, 'assignments', LIMITS.assignmentsPerImpressionsServed) ??
    each(served.assignments, 'assignments', checkAssignment) ??
    atMost(served.exploredPlaces, 'exploredPlaces', LIMITS.itemsPerImpressionsServed) ??
    each(served.exploredPlaces, 'exploredPlaces', checkExploredPlace)
  );
}

function checkItem(item: ImpressionItem, texts: TextChecks): Checked {
  return (
    texts.id(item.impressionId, 'impressionId') ??
    texts.id(item.videoId, 'videoId') ??
    wholeNumber(item.position, 'position', LIMITS.count) ??
    texts.text(item.source, 'source') ??
    // An inner product, so it may be negative.
    finiteFloat(item.sourceScore, 'sourceScore') ??
    (item.score === undefined
      ? undefined
      : (amount(item.score, 'score', Infinity) ?? finiteFloat(item.score, 'score'))) ??
    (item.featuresChecksum === undefined
      ? undefined
      : wholeNumber(item.featuresChecksum, 'featuresChecksum', Number.MAX_SAFE_INTEGER)) ??
    amount(item.propensity, 'propensity', 1) ??
    texts.text(item.team, 'team') ??
    texts.facts(item.video)
  );
}

function checkAssignment({ experimentId, variantId }: ExperimentAssignment): Checked {
  return requiredId(experimentId, 'experimentId') ?? optionalText(variantId, 'variantId');
}

function checkExploredPlace({ position, options }: ExploredPlace): Checked {
  return (
    wholeNumber(position, 'position', LIMITS.count) ??
    atMost(options, 'options', LIMITS.itemsPerImpressionsServed) ??
    each(
      options,
      'options',
      ({ videoId, score, probability }) =>
        requiredId(videoId, 'videoId') ??
        (score === undefined ? undefined : finiteFloat(score, 'score')) ??
        amount(probability, 'probability', 1),
    )
  );
}

function checkContext(context: RequestContext, latestMs: number, texts: TextChecks): Checked {
  return (
    pastTime(context.requestedAtMs, 'requestedAtMs', latestMs) ??
    texts.text(context.surface, 'surface') ??
    texts.text(context.country, 'country') ??
    texts.text(context.device, 'device') ??
    texts.text(context.seedVideoId, 'seedVideoId')
  );
}

/** Offset −1 is the mark before the first record: the list was ranked with a state of nothing. */
function checkMark(mark: NonNullable<ImpressionsServed['mark']>): Checked {
  return (
    requiredId(mark.topic, 'topic') ??
    wholeNumber(mark.partition, 'partition', LIMITS.count) ??
    wholeNumber(mark.offset + 1, 'offset', Number.MAX_SAFE_INTEGER)
  );
}

function checkViewed(viewed: ImpressionsViewed): Checked {
  return (
    requiredId(viewed.requestId, 'requestId') ??
    atMost(viewed.impressionIds, 'impressionIds', LIMITS.itemsPerImpressionsServed) ??
    checkIds(viewed.impressionIds, 'impressionIds')
  );
}

function checkQuery(query: string): Checked {
  if (query === '') return missing('query');
  return query.length <= LIMITS.queryCharacters
    ? undefined
    : invalid('query', `must have at most ${LIMITS.queryCharacters} characters`);
}

function checkAvailability(availability: Availability | undefined): Checked {
  if (availability === undefined) return undefined;
  const { countries, excludedCountries, minimumAgeYears } = availability;
  return within(
    'availability',
    atMost(countries, 'countries', LIMITS.countriesPerVideo) ??
      checkIds(countries, 'countries') ??
      atMost(excludedCountries, 'excludedCountries', LIMITS.countriesPerVideo) ??
      checkIds(excludedCountries, 'excludedCountries') ??
      wholeNumber(minimumAgeYears, 'minimumAgeYears', LIMITS.ageYears),
  );
}

function checkProfile(profile: Profile | undefined): Checked {
  if (profile === undefined) return undefined;
  return within(
    'profile',
    optionalText(profile.country, 'country') ??
      optionalText(profile.language, 'language') ??
      wholeNumber(profile.ageYears, 'ageYears', LIMITS.ageYears) ??
      wholeNumber(profile.gender, 'gender', 3) ??
      atMost(profile.blockedChannelIds, 'blockedChannelIds', LIMITS.blockedChannels) ??
      checkIds(profile.blockedChannelIds, 'blockedChannelIds'),
  );
}

/** A merged history is folded into a state as it stands, so it must be one that a state could hold. */
function checkHistory(history: UserState, latestMs: number): Checked {
  const count = (value: number, field: string) => wholeNumber(value, field, LIMITS.count);
  const time = (value: number, field: string) => pastTime(value, field, latestMs);
  const affinity = (entry: UserState['channels'][number]) =>
    requiredId(entry.key, 'key') ??
    count(entry.watchCount, 'watchCount') ??
    amount(entry.watchSeconds, 'watchSeconds', Number.MAX_SAFE_INTEGER) ??
    time(entry.lastWatchedAtMs, 'lastWatchedAtMs') ??
    count(entry.impressionCount, 'impressionCount') ??
    time(entry.lastShownAtMs, 'lastShownAtMs');
  return (
    atMost(history.watches, 'watches', LIMITS.watches) ??
    each(
      history.watches,
      'watches',
      (entry) =>
        requiredId(entry.videoId, 'videoId') ??
        time(entry.startedAtMs, 'startedAtMs') ??
        amount(entry.watchSeconds, 'watchSeconds', LIMITS.positionSeconds) ??
        amount(entry.durationSeconds, 'durationSeconds', LIMITS.durationSeconds) ??
        wholeNumber(entry.playbackHash, 'playbackHash', Number.MAX_SAFE_INTEGER),
    ) ??
    atMost(history.searches, 'searches', LIMITS.searches) ??
    each(
      history.searches,
      'searches',
      (entry) =>
        time(entry.searchedAtMs, 'searchedAtMs') ??
        atMost(entry.tokens, 'tokens', 2 * LIMITS.wordsPerQuery - 1) ??
        checkIds(entry.tokens, 'tokens'),
    ) ??
    atMost(history.channels, 'channels', LIMITS.channels) ??
    each(history.channels, 'channels', affinity) ??
    atMost(history.topics, 'topics', LIMITS.topics) ??
    each(history.topics, 'topics', affinity) ??
    atMost(history.exposures, 'exposures', LIMITS.exposures) ??
    each(
      history.exposures,
      'exposures',
      (entry) =>
        requiredId(entry.videoId, 'videoId') ??
        count(entry.impressionCount, 'impressionCount') ??
        time(entry.lastShownAtMs, 'lastShownAtMs'),
    ) ??
    atMost(history.dismissals, 'dismissals', LIMITS.dismissals) ??
    each(
      history.dismissals,
      'dismissals',
      (entry) => requiredId(entry.videoId, 'videoId') ?? time(entry.dismissedAtMs, 'dismissedAtMs'),
    ) ??
    checkProfile(history.profile) ??
    time(history.lastEventAtMs, 'lastEventAtMs') ??
    wholeNumber(history.watchCount, 'watchCount', LIMITS.total)
  );
}

function checkFacts(facts: VideoFacts | undefined): Checked {
  if (facts === undefined) return undefined;
  return within(
    'video',
    optionalText(facts.channelId, 'channelId') ??
      atMost(facts.topics, 'topics', LIMITS.topicsPerVideo) ??
      checkIds(facts.topics, 'topics') ??
      amount(facts.durationSeconds, 'durationSeconds', LIMITS.durationSeconds) ??
      pastTime(facts.uploadedAtMs, 'uploadedAtMs', LIMITS.timeMs),
  );
}

function checkIds(ids: readonly string[], field: string): Checked {
  for (let i = 0; i < ids.length; i++) {
    // Named only where it is refused: making the names took as long as all else here.
    if (requiredId(ids[i], field) !== undefined) return requiredId(ids[i], `${field}[${i}]`);
  }
  return undefined;
}

function longText(value: string, field: string): Checked {
  return value.length <= LIMITS.reasonCharacters
    ? undefined
    : invalid(field, `must have at most ${LIMITS.reasonCharacters} characters`);
}
