#!/bin/sh
# Runs a command in a network namespace, with the port of a daemon as its last argument: `run.sh DAEMON COMMAND…`.
# ci/vulnerabilities calls it below `unshare -n`.
set -u
ip link set lo up || exit 1
daemon=$1
shift
port=$(mktemp)
"$daemon" daemon >"$port" 2>/dev/null &
child=$!
while ! [ -s "$port" ] && kill -0 "$child" 2>/dev/null; do
    sleep 0.01
done
"$@" "$(cat "$port")"
status=$?
kill "$child" 2>/dev/null
wait "$child" 2>/dev/null
rm "$port"
echo "status $status"
