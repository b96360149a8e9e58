// A relay that ends both connections without a Close frame when a message is over the limit.
// Usage: dropping-relay.mjs UPSTREAM_URL LIMIT_BYTES
// It prints the port of 127.0.0.1 that it listens on.
import { once } from 'node:events';
import process from 'node:process';
import { WebSocket, WebSocketServer } from 'ws';

const [upstreamUrl = '', limit] = process.argv.slice(2);
const PROTOCOL = 'chunksocket.v1';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => PROTOCOL });
server.on('connection', (client) => {
  const upstream = new WebSocket(upstreamUrl, PROTOCOL);
  const isUp = once(upstream, 'open');
  // It may never be; the pumps see to that.
  isUp.catch(() => undefined);
  pump(client, upstream, isUp);
  pump(upstream, client, isUp);
});
await once(server, 'listening');
const address = server.address();
if (typeof address === 'object') console.log(address?.port);

/**
 * Hands on what comes from one end to the other, once both are there.
 *
 * @param {WebSocket} source
 * @param {WebSocket} target
 * @param {Promise<unknown>} isUp
 */
function pump(source, target, isUp) {
  const end = () => {
    source.terminate();
    target.terminate();
  };
  source.on('message', (/** @type {Buffer} */ data, isBinary) => {
    if (data.length > Number(limit)) end();
    else void isUp.then(() => target.send(data, { binary: isBinary }), end);
  });
  source.on('error', end);
  source.on('close', end);
}
