"""Writes search events with confluent-kafka as it comes: BROKERS TOPIC COMPRESSION COUNT [PARTITIONER].

The protobuf bytes are made by hand, field by field, so that nothing but librdkafka's binding is needed; a real producer
uses classes that `protoc` made from libs/contract/proto.
"""
import os
import sys
import time

from confluent_kafka import Producer


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(field, value):
    return bytes_of(field, value.encode())


def bytes_of(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def integer(field, value):
    return varint(field << 3) + varint(value)


def uuid7(at_ms):
    raw = bytearray(at_ms.to_bytes(6, "big") + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def search_event(fields, user, query):
    now_ms = int(time.time() * 1000)
    search = text(fields["search.user_id"], user) + text(fields["search.query"], query)
    return (
        text(fields["event_id"], uuid7(now_ms))
        + integer(fields["occurred_at_ms"], now_ms)
        + text(fields["producer"], "librdkafka")
        + bytes_of(fields["search"], search)
    )


# Numbers of libs/contract/proto/watchnext/event/v1/event.proto.
FIELDS = {
    "event_id": 1,
    "occurred_at_ms": 2,
    "producer": 4,
    "search": 13,
    "search.user_id": 1,
    "search.query": 2,
}


def main():
    brokers, topic, compression, count = sys.argv[1:5]
    config = {"bootstrap.servers": brokers, "compression.type": compression, "acks": "all", "linger.ms": 50}
    if len(sys.argv) > 5:
        config["partitioner"] = sys.argv[5]
    producer = Producer(config)
    failures = []
    for i in range(int(count)):
        user = f"user-{i}"
        producer.produce(
            topic,
            key=user,
            value=search_event(FIELDS, user, f"query {i}"),
            on_delivery=lambda error, _message: failures.append(error) if error else None,
        )
        producer.poll(0)
    producer.flush(30)
    if failures:
        sys.exit(f"{len(failures)} records were not delivered: {failures[0]}")


main()
