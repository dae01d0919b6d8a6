"""A client of the Python package websockets, with permessage-deflate.

Options: `url`; `close`, which side closes ("client" by default, or "server").
"""

import asyncio
import json
import random

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from peer import OPTIONS, fail, say


async def echoed(connection, message):
    """Sends a message, a list as its fragments, and waits for its echo."""
    whole = type(message[0])().join(message) if isinstance(message, list) else message
    say(message="sent", content=whole)
    await connection.send(message)
    echo = await connection.recv()
    say(message="received", content=echo)
    if echo != whole:
        fail(f"{echo!r} is no echo of {whole!r}")


async def main():
    async with connect(OPTIONS["url"]) as connection:
        await echoed(connection, "a text")
        await echoed(connection, "ünïcödé ✓ 日本語 🦀")
        await echoed(connection, json.dumps({"list": [1, 2.5, None], "text": "é"}))
        await echoed(connection, "")
        await echoed(connection, bytes([0, 1, 2, 0xFE, 0xFF]))
        await echoed(connection, "repeated repeated repeated " * 40)
        await echoed(connection, "64 bits of length, " * 5_000)
        await echoed(connection, random.Random(6455).randbytes(3_000))
        await echoed(connection, ["in ", "three ", "fragments ✓"])
        await echoed(connection, [b"in ", b"two"])
        say(ping="sent", content=b"between")
        await (await connection.ping("between"))
        say(pong="received", content=b"between")
        if OPTIONS.get("close") == "server":
            say(message="sent", content="close 4321 the server's own code")
            await connection.send("close 4321 the server's own code")
            try:
                await connection.recv()
            except ConnectionClosed:
                pass
        else:
            await connection.close(4123, "done ✓")
    say(close=connection.close_code, reason=connection.close_reason)


asyncio.run(main())
