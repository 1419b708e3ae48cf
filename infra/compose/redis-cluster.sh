#!/bin/sh
# redis-cluster.sh PORT PORT PORT: a Redis Cluster of three primaries on one host, until SIGTERM or until one ends.
set -eu
nodes=""
pids=""
trap 'kill $pids 2>/dev/null; wait; exit 0' TERM INT
for port in "$@"; do
  mkdir -p "$port"
  redis-server --port "$port" --dir "$PWD/$port" --appendonly yes --appendfsync everysec --save '' \
    --cluster-enabled yes --cluster-announce-ip 127.0.0.1 --cluster-node-timeout 5000 \
    --cluster-require-full-coverage no &
  pids="$pids $!"
  nodes="$nodes 127.0.0.1:$port"
done
for port in "$@"; do
  until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.2; done
done
# shellcheck disable=SC2086 # a list of words
if [ "$(redis-cli -p "$1" cluster info | grep -c cluster_state:ok)" = 0 ]; then
  redis-cli --cluster create $nodes --cluster-replicas 0 --cluster-yes
fi
wait
