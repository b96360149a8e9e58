"""A relay on the websockets library: what is over the limit is refused with 1009, on both of its sides.

Usage: websockets_relay.py UPSTREAM_URL LIMIT_BYTES
It prints the port of 127.0.0.1 that it listens on.
"""

import asyncio
import sys

import websockets

UPSTREAM_URL = sys.argv[1]
LIMIT_BYTES = int(sys.argv[2])

# How long each side waits for the other to end a connection that was closed: 10 by default, in seconds.
CLOSE_TIMEOUT = 1
OPTIONS = {"max_size": LIMIT_BYTES, "close_timeout": CLOSE_TIMEOUT, "subprotocols": ["chunksocket.v1"]}


async def pump(source, target):
    async for message in source:
        await target.send(message)


async def relay(client):
    async with websockets.connect(UPSTREAM_URL, **OPTIONS) as upstream:
        pumps = [asyncio.create_task(pump(client, upstream)), asyncio.create_task(pump(upstream, client))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def main():
    async with websockets.serve(relay, "127.0.0.1", 0, **OPTIONS) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
