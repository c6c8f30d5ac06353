#!/bin/sh
# UNTESTED. Formats the log folder on the first start only; the broker's settings are those of the local stack.
set -eu
export LOG_DIR=/tmp/kafka-logs
bin=/opt/kafka/bin
id=$("$bin/kafka-storage.sh" random-uuid)
"$bin/kafka-storage.sh" format --ignore-formatted --standalone -t "$id" -c /kafka/server.properties
exec "$bin/kafka-server-start.sh" /kafka/server.properties
