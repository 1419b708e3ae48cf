#!/bin/sh
# redis-sentinel.sh PRIMARY REPLICA SENTINEL SENTINEL SENTINEL (ports): a primary that sentinels know as "watchnext",
# its replica and three sentinels on one host, until SIGTERM.
set -eu
primary=$1
replica=$2
shift 2
pids=""
trap 'kill $pids 2>/dev/null; wait; exit 0' TERM INT
serve() {
  port=$1
  shift
  mkdir -p "$port"
  redis-server --port "$port" --dir "$PWD/$port" --appendonly yes --appendfsync everysec --save '' "$@" &
  pids="$pids $!"
}
serve "$primary" --repl-diskless-sync-delay 0
serve "$replica" --replicaof 127.0.0.1 "$primary"
until redis-cli -p "$primary" ping >/dev/null 2>&1; do sleep 0.2; done
for port in "$@"; do
  # Sentinels write what they learn into their own file.
  mkdir -p "$port"
  cat >"$port/sentinel.conf" <<CONF
port $port
dir $PWD/$port
sentinel monitor watchnext 127.0.0.1 $primary 2
sentinel down-after-milliseconds watchnext 2000
sentinel failover-timeout watchnext 4000
CONF
  redis-server "$port/sentinel.conf" --sentinel &
  pids="$pids $!"
done
wait
