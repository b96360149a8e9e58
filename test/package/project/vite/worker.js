import { ChunkSocket } from 'chunksocket';
import { echo } from '../echo.js';

await echo(ChunkSocket, 'vite: worker');
