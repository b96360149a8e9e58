/** Where a server, a framework or a gateway sets the largest message that it takes. */
export interface SizeOption {
  /** The server, framework or service. */
  server: string;
  /** The setting to raise; `undefined` where the size is fixed. */
  option: string | undefined;
  /** Bytes unless it is changed; `undefined` where there is no limit or none is known. */
  defaultBytes: number | undefined;
  /** What to know beside that. */
  note?: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The settings of common servers, smallest default first. Defaults are those of the releases of 2026. */
export const sizeOptions: readonly SizeOption[] = [
  {
    server: 'Tomcat, Spring',
    option: 'maxTextMessageBufferSize and maxBinaryMessageBufferSize (of the session or the container)',
    defaultBytes: 8 * KIB,
    note: 'counts text in UTF-16 units',
  },
  {
    server: 'uWebSockets, uWebSockets.js',
    option: 'maxPayloadLength',
    defaultBytes: 16 * KIB,
    note: 'cuts the connection without a close code: shows as 1006',
  },
  { server: 'Go coder/websocket (nhooyr)', option: 'Conn.SetReadLimit', defaultBytes: 32 * KIB },
  { server: 'ASP.NET Core SignalR', option: 'HubOptions.MaximumReceiveMessageSize', defaultBytes: 32 * KIB },
  {
    server: 'AWS API Gateway',
    option: undefined,
    defaultBytes: 32 * KIB,
    note: 'fixed: 128 KiB a message and 32 KiB a frame; a browser cannot choose its frames, so 32 KiB',
  },
  {
    server: 'Netty',
    option: 'maxFramePayloadLength (and maxContentLength of WebSocketFrameAggregator)',
    defaultBytes: 64 * KIB,
  },
  { server: 'Vert.x', option: 'maxWebSocketFrameSize and maxWebSocketMessageSize', defaultBytes: 64 * KIB },
  { server: 'Jetty', option: 'maxTextMessageSize and maxBinaryMessageSize', defaultBytes: 64 * KIB },
  {
    server: 'websocket (theturtle32)',
    option: 'maxReceivedFrameSize and maxReceivedMessageSize',
    defaultBytes: 64 * KIB,
  },
  { server: 'Mojolicious', option: 'max_websocket_size', defaultBytes: 256 * KIB },
  { server: 'Socket.IO, engine.io', option: 'maxHttpBufferSize', defaultBytes: 1_000_000 },
  { server: 'Python websockets', option: 'max_size', defaultBytes: MIB },
  { server: 'Azure Web PubSub', option: undefined, defaultBytes: MIB, note: 'fixed' },
  { server: 'Kong Gateway', option: 'client_max_payload of the websocket-size-limit plugin', defaultBytes: MIB },
  { server: 'aiohttp', option: 'max_msg_size', defaultBytes: 4 * MIB },
  { server: 'Tornado', option: 'websocket_max_message_size', defaultBytes: 10 * MIB },
  { server: 'uvicorn', option: '--ws-max-size', defaultBytes: 16 * MIB },
  { server: 'hypercorn', option: 'websocket_max_message_size', defaultBytes: 16 * MIB },
  { server: 'Bun', option: 'maxPayloadLength', defaultBytes: 16 * MIB },
  { server: 'Boost.Beast', option: 'read_message_max', defaultBytes: 16 * MIB },
  { server: 'Cloudflare Workers, Durable Objects', option: undefined, defaultBytes: 32 * MIB, note: 'fixed' },
  {
    server: 'Go x/net/websocket',
    option: 'Conn.MaxPayloadBytes',
    defaultBytes: 32 * MIB,
    note: 'without a close code: shows as 1006',
  },
  {
    server: 'faye-websocket (Node.js, Ruby), Rails ActionCable',
    option: 'max_length (maxLength)',
    defaultBytes: 64 * MIB - 1,
  },
  { server: 'Deno', option: undefined, defaultBytes: 64 * MIB - 1, note: 'fixed; without a close code: shows as 1006' },
  { server: 'ws (Node.js)', option: 'maxPayload', defaultBytes: 100 * MIB },
  { server: 'Go gorilla/websocket', option: 'Conn.SetReadLimit', defaultBytes: undefined },
];
