// The world in which an example runs in Node: hosts and ports that it names are ports of 127.0.0.1 that were free, and
// there is no TLS. Imported before the example.
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import type { ListenOptions, NetConnectOpts } from 'node:net';
import tls from 'node:tls';
import { WebSocket } from 'ws';

const HOST = '127.0.0.1';
/** Free ports are above, and those that examples name are below. */
const FIRST_FREE_PORT = 10_000;
const free = (process.env['EXAMPLE_PORTS'] ?? '').split(',').map(Number);
const ports = new Map<number, number>();

/** The port that stands for one that an example names; 443 is the first server's, which a proxy would stand before. */
function portFor(named: number): number {
  if (free.includes(named)) return named;
  const port =
    ports.get(named) ??
    (named === 443 ? ports.values().next().value : undefined) ??
    free.find((each) => ![...ports.values()].includes(each));
  if (port === undefined) throw new Error(`The example names more than ${String(free.length)} ports.`);
  ports.set(named, port);
  return port;
}

const { listen } = net.Server.prototype as unknown as {
  listen: (this: net.Server, options: ListenOptions, callback?: () => void) => net.Server;
};
net.Server.prototype.listen = function (this: net.Server, ...given: unknown[]): net.Server {
  const callback = given.find((each) => typeof each === 'function') as (() => void) | undefined;
  const [first] = given;
  const named = Number(typeof first === 'object' ? (first as ListenOptions).port : first);
  return listen.call(this, { host: HOST, port: named === 0 ? 0 : portFor(named) }, callback);
};

const { connect } = net;
function redirected(options: NetConnectOpts): net.Socket {
  const named = Number((options as { port: number | string }).port);
  const port = named < FIRST_FREE_PORT ? portFor(named) : named;
  return connect({ host: HOST, port });
}
net.connect = redirected as typeof net.connect;
tls.connect = redirected as unknown as typeof tls.connect;
syncBuiltinESMExports();

// As from Node 22 on.
Object.assign(globalThis, { WebSocket });
