# Records session.wirewalk: the real server, and a real client that says one thing after the other.
set -euo pipefail

"$WIREWALK" run --record session.wirewalk --log server.log --print summary -- node server.cjs 3000 >units.log 2>said.log &
wirewalk=$!
until grep -q 'listening on http' said.log; do
  kill -0 "$wirewalk" || { cat said.log >&2; exit 1; }
  sleep 0.05
done
node client.cjs http://127.0.0.1:3000
kill -INT "$wirewalk"
wait "$wirewalk"
