import * as kafkajs from 'kafkajs';
import { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
import { EventLogError, LogUnavailableError, UnknownTopicError } from '../port';
import { isAnswer, isPermanent, isWriteRefused, rootCause, translate } from './kafka-errors';

// Both are there at run time; kafkajs's types leave out the one, and the second argument of the other.
const { KafkaJSConnectionClosedError } = kafkajs as unknown as {
  KafkaJSConnectionClosedError: new (message: string, at: { host: string; port: number }) => Error;
};
const NonRetriable = KafkaJSNonRetriableError as unknown as new (error: Error, options: ErrorOptions) => Error;

const protocol = (type: string, retriable: boolean) =>
  new KafkaJSProtocolError({ type, code: 1, retriable, message: `told ${type}` } as never);
const wrapped = (error: Error) =>
  new NonRetriable(new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 0, retryTime: 1 }), { cause: error });

describe('kafkajs errors', () => {
  it('are told by what is at their root', () => {
    const error = protocol('TOPIC_AUTHORIZATION_FAILED', false);
    expect(rootCause(wrapped(error))).toBe(error);
    expect(translate('append', wrapped(error))).toMatchObject({ code: 'not-authorised', retriable: false });
  });

  it('tell a write that was refused from one that may have been written', () => {
    for (const type of ['NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS'])
      expect(isWriteRefused(wrapped(protocol(type, true)))).toBe(true);
    // The latter two are heard of a write, or of the metadata that is read again after one.
    for (const type of [
      'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
      'REQUEST_TIMED_OUT',
      'LEADER_NOT_AVAILABLE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
      expect(isWriteRefused(wrapped(protocol(type, true)))).toBe(false);
    expect(isWriteRefused(new KafkaJSConnectionClosedError('closed', { host: 'h', port: 1 }))).toBe(false);
  });

  it('become the port’s own', () => {
    expect(translate('read', protocol('UNKNOWN_TOPIC_OR_PARTITION', true), 't.v1')).toBeInstanceOf(UnknownTopicError);
    expect(translate('append', protocol('MESSAGE_TOO_LARGE', false))).toMatchObject({
      code: 'record-too-large',
      retriable: false,
    });
    expect(translate('append', protocol('NOT_LEADER_FOR_PARTITION', true))).toBeInstanceOf(LogUnavailableError);
    const own = new EventLogError('mine', 'mine', false);
    expect(translate('append', own)).toBe(own);
  });

  it('hint at TLS and SASL where a broker just closes the connection', () => {
    const closed = new KafkaJSConnectionClosedError('Closed connection', { host: 'a', port: 1 });
    expect(translate('connect', closed).message).toMatch(/WATCHNEXT_KAFKA_TLS/);
  });

  it('are worth another attempt unless the cluster meant what it said', () => {
    for (const type of ['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']) {
      expect(isAnswer(protocol(type, true))).toBe(false);
      expect(isPermanent(wrapped(protocol(type, true)))).toBe(false);
    }
    expect(isPermanent(wrapped(protocol('MESSAGE_TOO_LARGE', false)))).toBe(true);
    expect(isPermanent(new Error('anything else'))).toBe(false);
  });
});
