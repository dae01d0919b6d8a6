"""What every peer in Python has in common: its options, its log, and its end.

A peer takes its options as one JSON object, its only argument, and logs what it itself saw as one JSON object a line.
The tests hold these lines against what wirewalk decoded, so nothing here looks at the wire.
"""

import json
import os
import sys
import threading

# The longest that a peer runs, in seconds: a peer that waits in vain says so and fails.
DEADLINE = 30

OPTIONS = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}

_one_line_at_a_time = threading.Lock()


def say(**what):
    """Logs one object."""
    line = json.dumps(_plain(what), ensure_ascii=False) + "\n"
    with _one_line_at_a_time:
        sys.stdout.buffer.write(line.encode())
        sys.stdout.buffer.flush()


def fail(why):
    """Ends this peer with an error, saying why."""
    say(failed=str(why))
    os._exit(1)


def serve_until_stdin_ends():
    """Has a server end when its standard input does: when the test is over, however it ended."""

    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _plain(value):
    """The value with its bytes written as `{"bytes": "<hex>"}`, so that it is JSON."""
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


_deadline = threading.Timer(DEADLINE, fail, [f"the deadline of {DEADLINE} s"])
_deadline.daemon = True
_deadline.start()
