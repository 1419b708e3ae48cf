import { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
import { EventLogError, LogUnavailableError, UnknownTopicError } from '../port';
import { isAnswer, isPermanent, rootCause, translate } from './kafka-errors';

const protocol = (type: string, retriable: boolean) =>
  new KafkaJSProtocolError({ type, code: 1, retriable, message: `told ${type}` } as never);
/** As kafkajs's retrier wraps it, twice. */
const wrapped = (error: Error) => {
  const exceeded = new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 0, retryTime: 1 });
  return Object.assign(new KafkaJSNonRetriableError(exceeded), { cause: exceeded });
};

describe('kafkajs errors', () => {
  it('are told by what is at their root', () => {
    const error = protocol('TOPIC_AUTHORIZATION_FAILED', false);
    expect(rootCause(wrapped(error))).toBe(error);
    expect(translate('append', wrapped(error))).toMatchObject({ code: 'not-authorised', retriable: false });
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
    const closed = Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
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
