# Records session.wirewalk: the real server, and a real browser as its client.
set -euo pipefail

# The client's script is served from here, as it would come from a CDN.
"$PYTHON" -u -m http.server 0 --bind 127.0.0.1 --directory "$NODE_PATH/socket.io-client/dist" >cdn.log 2>&1 &
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
until grep -q 'port [0-9]' cdn.log; do sleep 0.05; done
cdn=$(sed -n 's/.* port \([0-9]*\).*/\1/p' cdn.log)

export SOCKETIO_CLIENT="http://127.0.0.1:$cdn/socket.io.min.js" PORT=5000
"$WIREWALK" run --record session.wirewalk --log server.log --print summary -- "$PYTHON" app.py >units.log 2>said.log &
wirewalk=$!
until grep -q 'listening on http' said.log; do
  kill -0 "$wirewalk" || { cat said.log >&2; exit 1; }
  sleep 0.05
done
node browser.cjs "http://127.0.0.1:$PORT"
kill -INT "$wirewalk"
wait "$wirewalk"
