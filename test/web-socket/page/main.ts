import { ChunkWebSocket } from '../../../src/websocket.ts';
import '../suite/all.ts';
import { runTests } from './harness.ts';
import type { ClassName, SocketClass } from './harness.ts';

const classes: Readonly<Record<ClassName, () => SocketClass>> = {
  native: () => WebSocket,
  plain: () => ChunkWebSocket.with({ mode: 'plain' }),
  session: () => ChunkWebSocket,
};

const className = new URLSearchParams(location.search).get('class') as ClassName;
void runTests(className, classes[className]()).then((results) =>
  fetch('/results', { method: 'POST', body: JSON.stringify(results) }),
);
