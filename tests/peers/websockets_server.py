"""A server of the Python package websockets, with permessage-deflate. It echoes every message, and closes with the code
and reason of the message `close CODE REASON`. Options: `deny`, a status code with which every upgrade is refused."""

import asyncio
import http

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from peer import OPTIONS, say, serve_until_stdin_ends


def process_request(connection, request):
    """Refuses the upgrade where the options want that."""
    if "deny" in OPTIONS:
        return connection.respond(http.HTTPStatus(OPTIONS["deny"]), "Denied.\n")
    return None


async def handle(connection):
    try:
        async for message in connection:
            say(message="received", content=message)
            if isinstance(message, str) and message.startswith("close "):
                _, code, reason = message.split(" ", 2)
                await connection.close(int(code), reason)
            else:
                say(message="sent", content=message)
                await connection.send(message)
    except ConnectionClosed:
        pass
    await connection.wait_closed()
    say(close=connection.close_code, reason=connection.close_reason)


async def main():
    async with serve(handle, "127.0.0.1", 0, process_request=process_request) as server:
        say(listening=server.sockets[0].getsockname()[1])
        await server.serve_forever()


serve_until_stdin_ends()
asyncio.run(main())
