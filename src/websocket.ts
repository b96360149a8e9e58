export { ChunkWebSocket } from './client/web-socket/chunk-web-socket.ts';
export type { ChunkWebSocketConstructor, ChunkWebSocketOptions } from './client/web-socket/chunk-web-socket.ts';
