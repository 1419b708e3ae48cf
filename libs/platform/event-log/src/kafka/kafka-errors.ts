/** What kafkajs's errors mean for a caller of the port. */
import { EventLogError, LogUnavailableError, UnknownTopicError } from '../port';

interface KafkaJsError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly errors?: readonly KafkaJsError[];
}

const NOT_AUTHORISED = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** Answers that only say that this client's picture of the cluster is old. */
const STALE = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_CONTROLLER',
  'REPLICA_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
]);

/** kafkajs wraps errors in errors: the innermost, and of several at once the first that is not "exists already". */
export function rootCause(error: unknown): KafkaJsError {
  let root = error as KafkaJsError;
  for (;;) {
    const inner = root.errors?.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS') ?? root.cause;
    if (!(inner instanceof Error)) return root;
    root = inner;
  }
}

/** A broker's considered answer: asking again, or on another connection, would not change it. */
export function isAnswer(error: unknown): boolean {
  if (error instanceof EventLogError) return true;
  const { name, type } = rootCause(error);
  return isRefusal(name, type) || (type !== undefined && !STALE.has(type));
}

/**
 * A broker's answer to a write, that it does not take it. One that stops leading in that very moment says the same of a write that the
 * next leader may have got from it.
 */
export function isWriteRefused(error: unknown): boolean {
  const { type } = rootCause(error);
  return type === 'NOT_LEADER_FOR_PARTITION' || type === 'NOT_ENOUGH_REPLICAS';
}

/** Nothing but a change of configuration or data will make this succeed. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof EventLogError) return !error.retriable;
  const { name, type, retriable } = rootCause(error);
  return isRefusal(name, type) || (type !== undefined && retriable === false && !STALE.has(type));
}

/** The cluster knows who asks, or does not, and says no: only a change of rights or credentials will make this succeed. */
export function isRefused(error: unknown): boolean {
  if (error instanceof EventLogError) return error.code === 'not-authorised';
  const { name, type } = rootCause(error);
  return isRefusal(name, type);
}

const isRefusal = (name: string, type: string | undefined) =>
  name === 'KafkaJSSASLAuthenticationError' || (type !== undefined && NOT_AUTHORISED.has(type));

/** @param what the action, as in "append to watchnext.activity.v1" */
export function translate(what: string, error: unknown, topic?: string): Error {
  if (error instanceof EventLogError) return error;
  const { name, type, message } = rootCause(error);
  const cause = { cause: error };
  if (topic !== undefined && type === 'UNKNOWN_TOPIC_OR_PARTITION') return new UnknownTopicError(topic);
  if (isRefusal(name, type)) {
    return new EventLogError(`Kafka refused to ${what}: ${message}`, 'not-authorised', false, cause);
  }
  if (type !== undefined && TOO_LARGE.has(type)) {
    return new EventLogError(`Kafka refused to ${what}: ${message}`, 'record-too-large', false, cause);
  }
  return new LogUnavailableError(`Kafka could not ${what}: ${message}${hint(name)}`, cause);
}

/** A listener that wants TLS or SASL just closes a connection that comes without. */
function hint(name: string): string {
  if (name !== 'KafkaJSConnectionClosedError' && name !== 'KafkaJSConnectionError') return '';
  return ' (does the listener ask for TLS or SASL? See WATCHNEXT_KAFKA_TLS and WATCHNEXT_KAFKA_SASL_MECHANISM)';
}
