/**
 * What the contract's .proto files say above messages and fields, by the names that they have in JSON, for the OpenAPI document: a program
 * that was built does not have those files. A spec compares the two.
 */
export const EVENT_COMMENTS: Readonly<Record<string, string>> = {
  Event:
    "The envelope. Events of a user go to topic `activity` under key `user_id`, events of a video to topic `catalog` under key `video_id`; the partition is murmur2(key) modulo the number of partitions, as Kafka's Java client does it.",
  'Event.eventId': "UUIDv7 in its canonical text form; a producer's retry keeps it. Its time tells the event's age.",
  'Event.occurredAtMs': "When it happened, milliseconds since the Unix epoch, by the producer's clock.",
  'Event.receivedAtMs': 'When the collector accepted it; equal to occurred_at_ms for a backfill.',
  'Event.producer': 'Name of the producing program.',
  'Event.backfill':
    'True for history loaded after the fact: exempt from the rule that an event older than 24 hours is refused.',
  VideoFacts:
    'What a video was when something happened to it, written into the event so that no reader needs the catalogue of that moment. The collector fills in what a producer leaves out.',
  RequestContext: 'The circumstances of a request.',
  'RequestContext.surface': 'Where the list is shown: "home", "up-next", …',
  'RequestContext.country': 'ISO 3166-1 alpha-2, or empty.',
  'RequestContext.device': '"phone", "tv", "desktop", …',
  'RequestContext.seedVideoId': 'The video being watched, for up-next lists; empty otherwise.',
  ImpressionsServed: 'One list put in front of a user: the impressions of one request, which share one mark.',
  'ImpressionsServed.pageId': 'What the viewer sees as one page, for per-page metrics; empty: the request.',
  'ImpressionsServed.mark':
    'The mark of the state that the list was ranked with. Absent in imported logs: then the state is the one before this event in the log.',
  'ImpressionsServed.snapshotId': 'The snapshot that served every item; empty where none did.',
  'ImpressionsServed.rungReason': 'Why the rung is lower than full, in words; empty for a full answer.',
  'ImpressionsServed.experimentId':
    'The first of `assignments`, for readers that know of one experiment only; empty for none.',
  'ImpressionsServed.assignments': 'Every experiment that this request was part of, one of each layer at most.',
  'ImpressionsServed.latencyMs': "From the request's arrival to this record, milliseconds; 0: not measured.",
  'ImpressionsServed.exploredPlaces': 'Places that were filled by chance.',
  'ExperimentAssignment.variantId': 'For an interleaved list: empty, since the list is of both variants.',
  'ExperimentAssignment.overridden': 'A tester chose the variant: no report counts this request.',
  ExploredPlace:
    'One place whose video was drawn, and what it was drawn from: any policy that would have drawn from the same options can be valued by it.',
  'ExplorationOption.score': 'Expected watch seconds as ranked; absent on rungs without ranking.',
  'ExplorationOption.probability': 'With which it was drawn; the probabilities of all options sum to 1.',
  'ImpressionItem.impressionId': 'Unique within the log: the watch that follows names it.',
  'ImpressionItem.position': '0 is the first place of the page.',
  'ImpressionItem.source':
    'Candidate source that proposed the video ("retrieval", "popular", "fresh", …) and that source\'s own score.',
  'ImpressionItem.score': 'Expected watch seconds as served; absent on rungs without ranking.',
  'ImpressionItem.featuresChecksum':
    'First 53 bits of SHA-256 over the little-endian float32 input row of the ranking model, as served.',
  'ImpressionItem.propensity':
    'Probability with which this item took this place, where chance was involved; 1 otherwise, 0 if unknown.',
  'ImpressionItem.team': 'For an interleaved list: the variant whose ranking put the item here; empty otherwise.',
  ImpressionsViewed: "The client's word that these impressions came into view.",
  Watch: 'Progress of one playback; a playback may be reported several times, and the largest position wins.',
  'Watch.impressionId': 'The impression that led here; empty for a watch from elsewhere.',
  'Watch.positionSeconds': 'Seconds watched so far in this playback; may exceed the duration when a video loops.',
  Dismissal: '"Not interested".',
  UserMerged:
    'An anonymous viewer logs in: what was known of it becomes part of the user. Keyed by the user, since the anonymous state lives in another partition; the collector fills in the history.',
  UserExpired:
    'Lets go of a viewer who stays away: if nothing happened to the user at or after `idle_since_ms`, the state becomes that of a new one. Whoever was there since keeps all of it, and a deleted user stays deleted.',
  'UserExpired.idleSinceMs':
    'Milliseconds since the Unix epoch; at least 24 hours and 10 minutes before the event is received, so that no retry is still to come.',
  'VideoUpserted.availability': 'Absent: everyone, everywhere.',
  Availability: 'Who may be shown a video.',
  'Availability.countries':
    'ISO 3166-1 alpha-2; empty: all but those that are excluded. A viewer of unknown country is in none of them.',
  'Availability.minimumAgeYears': 'Years; viewers of unknown age are younger than any limit. 0: no limit.',
  Mark: 'How far a partition has been folded into states: every record with a smaller or equal offset is in them.',
  'Mark.topic': 'Topic with its version, as "watchnext.activity.v1".',
  'Profile.ageYears': 'Years; 0 for unknown.',
  'Profile.blockedChannelIds':
    'Channels that the viewer wants nothing of; at most 1,000, in the order of the last UserUpserted.',
};
