export { createPair } from './testing/create-pair.ts';
export type { Pair, PairOptions } from './testing/create-pair.ts';
export type { TestConnection } from './testing/memory-connection.ts';
export { TestServer } from './testing/test-server.ts';
export type { TestServerOptions, TestWebSocketConstructor } from './testing/test-server.ts';
export type { MessageBytes, TestServerSocket, TestServerSocketEvents } from './testing/test-server-socket.ts';
