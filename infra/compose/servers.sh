# What the scripts of several Redis servers share: `start` and `answers`. Read with `.`, not run.
pids=""
trap 'stop; exit 0' TERM INT

# start ARGUMENT…: one more redis-server.
start() {
  redis-server "$@" &
  pids="$pids $!"
}

# stop: each server, asked as often as it takes. One that writes its first append-only file, as a replica does just
# after it joined, refuses: "Writing initial AOF, can't exit."
stop() {
  # shellcheck disable=SC2086 # a list of words
  while kill $pids 2>/dev/null || runs; do sleep 0.2; done
}

# runs: whether one of the servers does.
runs() {
  for pid in $pids; do
    kill -0 "$pid" 2>/dev/null && return 0
  done
  return 1
}

# check: fails, and stops the rest, where a server ended before all are up.
check() {
  for pid in $pids; do
    kill -0 "$pid" 2>/dev/null && continue
    echo "a server ended: is its port taken?" >&2
    stop
    exit 1
  done
}

# answers PORT: comes back once the server there answers.
answers() {
  until redis-cli -p "$1" ping 2>/dev/null | grep -q PONG; do
    check
    # A signal ends a `wait` at once, and a `sleep` in the foreground only once it is over.
    sleep 0.2 &
    wait $!
  done
  check
}
