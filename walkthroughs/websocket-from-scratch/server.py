"""Sends back whatever it is sent."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def main(port):
    async with serve(echo, "127.0.0.1", port, compression=None, server_header=None) as server:
        print("listening", flush=True)
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
