#!/bin/sh
# redis-sentinel.sh PRIMARY REPLICA SENTINEL SENTINEL SENTINEL (ports): a primary that sentinels know as "watchnext",
# its replica and three sentinels on one host, until SIGTERM.
set -eu
. "$(dirname "$0")/servers.sh"
primary=$1
replica=$2
shift 2
serve() {
  port=$1
  shift
  mkdir -p "$port"
  start --port "$port" --dir "$PWD/$port" --appendonly yes --appendfsync everysec --save '' "$@"
}
serve "$primary" --repl-diskless-sync-delay 0
serve "$replica" --replicaof 127.0.0.1 "$primary"
answers "$primary"
answers "$replica"
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
  start "$port/sentinel.conf" --sentinel
done
for port in "$@"; do answers "$port"; done
wait
