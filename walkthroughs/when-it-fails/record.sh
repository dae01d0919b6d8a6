# Records session.wirewalk: the real server, and clients that ask it for a WebSocket.
set -euo pipefail

"$WIREWALK" run --record session.wirewalk --log server.log --print summary -- "$PYTHON" app.py >units.log 2>said.log &
wirewalk=$!
until grep -q 'listening on http' said.log; do
  kill -0 "$wirewalk" || { cat said.log >&2; exit 1; }
  sleep 0.05
done
node clients.cjs
kill -INT "$wirewalk"
wait "$wirewalk"
