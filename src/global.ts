import { ChunkSocket } from './client/chunk-socket.ts';

/** What the script tag defines: `new ChunkSocket(url)`. */
export default ChunkSocket;
