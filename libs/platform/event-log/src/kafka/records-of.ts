/** Records of a fetch, as the port has them, in batches of bounded number and weight. */
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../port';
import { bytesOf, MAX_READ_BYTES } from '../slices';

/** At most `maxRecords` at a time, and `MAX_READ_BYTES` or one. What comes later is made when it is asked for. */
export function* recordsOf(
  topic: string,
  partition: number,
  messages: readonly KafkaMessage[],
  maxRecords: number,
): Generator<LogRecord[]> {
  let records: LogRecord[] = [];
  let bytes = 0;
  for (const message of messages) {
    const record = toRecord(topic, partition, message);
    const size = bytesOf(record);
    if (records.length === maxRecords || (records.length > 0 && bytes + size > MAX_READ_BYTES)) {
      yield records;
      [records, bytes] = [[], 0];
    }
    records.push(record);
    bytes += size;
  }
  if (records.length > 0) yield records;
}

function toRecord(topic: string, partition: number, message: KafkaMessage & { headers?: IHeaders }): LogRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString('utf8') ?? '',
    value: message.value ?? new Uint8Array(),
    ...headersOf(message.headers),
  };
}

/** Other producers may give a name several values: the last one counts. */
function headersOf(headers: IHeaders | undefined): Pick<LogRecord, 'headers'> {
  const found = Object.entries(headers ?? {}).flatMap(([name, values]): [string, string][] => {
    const value = Array.isArray(values) ? values.at(-1) : values;
    return value === undefined ? [] : [[name, value.toString('utf8')]];
  });
  return found.length > 0 ? { headers: Object.fromEntries(found) } : {};
}
