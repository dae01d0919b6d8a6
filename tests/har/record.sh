# Records chromium.har and mitmproxy.har anew: a real server, and a real browser and proxy that write the files. How often the
# client polls before its upgrade, and what comes before it, differs from time to time, and with it what tests/har.rs expects.
# PYTHON has Flask-SocketIO, NODE_PATH has playwright-core and socket.io-client, and MITMDUMP is mitmproxy's.
set -euo pipefail
cd "$(dirname "$0")"

export SOCKETIO_CLIENT="$NODE_PATH/socket.io-client/dist/socket.io.min.js" PORT=5000
profile=$(mktemp -d)
touch "$profile/server.log" "$profile/proxy.log"
"$PYTHON" app.py 2>"$profile/server.log" &
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$profile"' EXIT
until grep -q 'Running on' "$profile/server.log"; do sleep 0.1; done

node chromium.cjs "http://127.0.0.1:$PORT/" chromium.har "$profile"

"$MITMDUMP" --mode "reverse:http://127.0.0.1:$PORT" --listen-host 127.0.0.1 -p 8480 --set hardump="$PWD/mitmproxy.har" >"$profile/proxy.log" &
proxy=$!
until grep -q 'listening' "$profile/proxy.log"; do sleep 0.1; done
node client.cjs http://127.0.0.1:8480
sleep 1
kill -INT "$proxy"
wait "$proxy" || true
