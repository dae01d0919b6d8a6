# Records session.wirewalk: a real server, a real client, and wirewalk between them.
set -euo pipefail

"$PYTHON" server.py 8765 >server.log &
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
until grep -q listening server.log; do sleep 0.05; done

"$WIREWALK" proxy :8765 --listen 127.0.0.1:8080 --record session.wirewalk --print summary >units.log 2>said.log &
wirewalk=$!
until grep -q 'listening on http' said.log 2>/dev/null; do
  kill -0 "$wirewalk" || { cat said.log >&2; exit 1; }
  sleep 0.05
done
node client.cjs ws://127.0.0.1:8080/echo
kill -INT "$wirewalk"
wait "$wirewalk"
