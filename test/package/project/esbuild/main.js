import { ChunkSocket } from 'chunksocket';
import { echo } from '../echo.js';

void echo(ChunkSocket, 'esbuild');
