"""A relay on tornado: what is over the limit is refused with 1009 and the connection ended at once.

Usage: tornado_relay.py UPSTREAM_URL LIMIT_BYTES
It prints the port of 127.0.0.1 that it listens on.
"""

import asyncio
import sys

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket

UPSTREAM_URL = sys.argv[1]
LIMIT_BYTES = int(sys.argv[2])
PROTOCOL = "chunksocket.v1"


class Relay(tornado.websocket.WebSocketHandler):
    upstream = None

    def check_origin(self, origin):
        return True

    def select_subprotocol(self, subprotocols):
        return PROTOCOL if PROTOCOL in subprotocols else None

    async def open(self):
        self.upstream = await tornado.websocket.websocket_connect(
            UPSTREAM_URL, subprotocols=[PROTOCOL], max_message_size=LIMIT_BYTES
        )
        asyncio.create_task(self.pump_down())

    async def pump_down(self):
        try:
            while (message := await self.upstream.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except tornado.websocket.WebSocketClosedError:
            pass
        self.close()

    async def on_message(self, message):
        try:
            await self.upstream.write_message(message, binary=isinstance(message, bytes))
        except tornado.websocket.WebSocketClosedError:
            self.close()

    def on_close(self):
        if self.upstream is not None:
            self.upstream.close()


async def main():
    application = tornado.web.Application([("/.*", Relay)], websocket_max_message_size=LIMIT_BYTES)
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(application).add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


asyncio.run(main())
