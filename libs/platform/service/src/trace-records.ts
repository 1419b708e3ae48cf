import type { LogRecord } from '@watchnext/event-log';
import { isTracing, markFailed, SpanKind, startSpan, traceContextOf } from './tracing';

/** In one batch; more would be of one producer's flood, and tell nothing new. */
const MOST_TRACES = 100;

/** Runs the work on a batch as part of each trace that its records come from. */
export async function withRecordSpans<T>(
  name: string,
  records: readonly LogRecord[],
  work: () => Promise<T>,
): Promise<T> {
  if (!isTracing()) return work();
  const senders = new Map<string, LogRecord>();
  for (const record of records) {
    const sender = record.headers?.['traceparent'];
    if (sender !== undefined && senders.size < MOST_TRACES) senders.set(sender, record);
  }
  const spans = [...senders.values()].flatMap(({ headers, topic, partition }) => {
    const attributes = { 'messaging.destination.name': topic, partition, 'batch.records': records.length };
    const parent = traceContextOf((header) => headers?.[header]);
    return startSpan(name, { kind: SpanKind.CONSUMER, attributes, parent }) ?? [];
  });
  try {
    return await work();
  } catch (error) {
    for (const span of spans) markFailed(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
