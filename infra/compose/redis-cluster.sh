#!/bin/sh
# redis-cluster.sh PORT PORT PORT: a Redis Cluster of three primaries on one host, until SIGTERM.
set -eu
. "$(dirname "$0")/servers.sh"
nodes=""
for port in "$@"; do
  mkdir -p "$port"
  start --port "$port" --dir "$PWD/$port" --appendonly yes --appendfsync everysec --save '' \
    --cluster-enabled yes --cluster-announce-ip 127.0.0.1 --cluster-node-timeout 5000 \
    --cluster-require-full-coverage no
  nodes="$nodes 127.0.0.1:$port"
done
for port in "$@"; do answers "$port"; done
# shellcheck disable=SC2086 # a list of words
if [ "$(redis-cli -p "$1" cluster info | grep -c cluster_state:ok)" = 0 ]; then
  redis-cli --cluster create $nodes --cluster-replicas 0 --cluster-yes
fi
wait
