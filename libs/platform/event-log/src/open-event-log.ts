import { kafkaCertificates, requireConsistentEventLog, requireFolder, type EventLogSettings } from '@watchnext/config';
import { openEmbeddedEventLog } from './embedded/embedded-event-log';
import { openKafkaEventLog } from './kafka/kafka-event-log';
import { KAFKA_DEFAULTS, type KafkaSettings } from './kafka/kafka-settings';
import type { EventLog, LogUnavailableError } from './port';

/** Who opens it: a broker's log names it, and rights are given to the groups by which it tails a topic, `tail-<app>-…`. */
export type LogClient = 'gateway' | 'retrieval' | 'ranking' | 'ingestion' | 'trainer' | 'operator';

export interface OpenOptions {
  /**
   * For those who can do without the log for a while: where no broker answers at once, this is told, and the log is opened
   * all the same. Every call of it connects anew, and fails as it would if the log had gone later.
   */
  readonly onUnavailable?: (error: LogUnavailableError) => void;
}

/**
 * The event log that the settings name.
 *
 * @param embeddedFolder folder of the embedded driver, as `embeddedPaths(…).eventLog`; not used with Kafka
 * @throws ConfigError naming the variables at fault; with Kafka also EventLogError "not-authorised" and, unless there is
 *   `onUnavailable`, LogUnavailableError where no broker answers within twice the request time-out
 */
export async function openEventLog(
  settings: EventLogSettings,
  embeddedFolder: string,
  app: LogClient,
  options: OpenOptions = {},
): Promise<EventLog> {
  requireConsistentEventLog(settings);
  if (settings.WATCHNEXT_EVENT_LOG === 'embedded') {
    requireFolder('WATCHNEXT_DATA_DIR', embeddedFolder);
    return openEmbeddedEventLog(embeddedFolder);
  }
  return openKafkaEventLog(kafkaSettingsOf(settings, app), options.onUnavailable);
}

/** Certificates in it change as their files do. @throws ConfigError where one cannot be used */
export function kafkaSettingsOf(settings: EventLogSettings, app: LogClient): KafkaSettings {
  requireConsistentEventLog(settings);
  const { WATCHNEXT_KAFKA_SASL_MECHANISM: mechanism } = settings;
  return {
    ...KAFKA_DEFAULTS,
    clientId: app,
    brokers: settings.WATCHNEXT_KAFKA_BROKERS ?? [],
    namespace: settings.WATCHNEXT_KAFKA_NAMESPACE,
    compression: settings.WATCHNEXT_KAFKA_COMPRESSION,
    replicationFactor: settings.WATCHNEXT_KAFKA_REPLICATION_FACTOR,
    requestTimeoutMs: settings.WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS,
    sessionTimeoutMs: settings.WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS,
    tls: kafkaCertificates(settings)?.follow({}),
    sasl: mechanism && {
      mechanism,
      username: settings.WATCHNEXT_KAFKA_SASL_USERNAME ?? '',
      password: settings.WATCHNEXT_KAFKA_SASL_PASSWORD?.reveal() ?? '',
    },
  };
}
