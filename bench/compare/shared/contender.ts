/** What is compared: ours, our drop-in, the browser's WebSocket, and what people would pick instead. */
export const CONTENDERS = ['chunksocket', 'drop-in', 'raw', 'socket.io', 'partysocket'] as const;

export type Contender = (typeof CONTENDERS)[number];

/** Under this path the server speaks Socket.IO; everywhere else WebSocket. */
export const SOCKET_IO_PATH = '/socket.io';
