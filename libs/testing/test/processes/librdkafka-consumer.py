"""Reads COUNT records of TOPIC's partition 0 and prints their values as JSON: BROKERS TOPIC COUNT."""
import json
import sys
import time

from confluent_kafka import Consumer, TopicPartition

brokers, topic, count = sys.argv[1:4]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": topic, "enable.auto.commit": False})
consumer.assign([TopicPartition(topic, 0, 0)])
values = []
deadline = time.time() + 30
while len(values) < int(count) and time.time() < deadline:
    for message in consumer.consume(500, timeout=1):
        if message.error():
            sys.exit(str(message.error()))
        values.append(message.value().decode())
consumer.close()
print(json.dumps(values))
