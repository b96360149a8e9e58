import { corruptionCommands } from './corruption.ts';
import { serveControl } from './control.ts';
import { heapBytes } from './heap.ts';
import { scheduleCommands } from './schedules.ts';
import { uploadCommands } from './upload.ts';

serveControl({ ...scheduleCommands, ...uploadCommands, ...corruptionCommands, heapBytes });
