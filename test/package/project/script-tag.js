/* global ChunkSocket -- of the script before it */
import { echo } from './echo.js';

void echo(ChunkSocket, 'script tag');
