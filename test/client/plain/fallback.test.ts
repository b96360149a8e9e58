import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../../src/server/chunk-server.ts';
import { handleProtocols } from '../../../src/server/subprotocol.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { settle } from '../../support/manual-clock.ts';
import { startServer } from '../../support/start-server.ts';
import { collect, openSocket, outcomeOf } from '../support.ts';
import { openPlain, startPlain } from './support.ts';

const ours = ['chunksocket.plain', SUBPROTOCOL];

describe('a server that opens, and chooses', () => {
  test('the first name offered, as ws does, is plain on that very connection', async () => {
    const { url, connections, messages, requests } = await startPlain();
    const socket = openSocket(url, { fallback: 'plain' });
    const opens = collect(socket, 'open');
    const transfer = socket.send('before it was clear');

    expect(await opens.next()).toEqual({ protocol: '' });

    expect(await messages.next()).toBe('before it was clear');
    const [connection] = await connections.take(1);
    connection?.send('from the server');
    expect(await collect(socket, 'message').next()).toMatchObject({ data: 'from the server', channel: '' });
    expect(requests.map(({ headers }) => headers['sec-websocket-protocol'])).toEqual([
      'chunksocket.plain,chunksocket.v1',
    ]);
    expect([socket.protocol, socket.status]).toEqual(['', 'open']);
    await transfer.delivered;
  });

  test('the subprotocol of the application is plain with it', async () => {
    const { url } = await startPlain({ handleProtocols: () => 'mqtt' });
    const socket = openSocket(url, { fallback: 'plain', protocols: ['amqp', 'mqtt'] });

    expect(await collect(socket, 'open').next()).toEqual({ protocol: 'mqtt' });
    expect(socket.protocol).toBe('mqtt');
  });

  test('nothing, where the platform lets that open, is plain', async () => {
    const { socket, server } = openPlain({ mode: 'session', fallback: 'plain' });
    const connection = await server.next();

    connection.open('');

    expect(socket.status).toBe('open');
    expect(connection.sent).toEqual([]);
  });

  test('nothing of ours lets a listener use the socket at once', async () => {
    const { url, messages } = await startPlain();
    const socket = openSocket(url, { fallback: 'plain' });
    const statuses: string[] = [];
    socket.on('open', () => {
      statuses.push(socket.status);
      socket.send('from the listener');
      void socket.close(4001);
    });
    expect(await messages.next()).toBe('from the listener');
    expect(await collect(socket, 'close').next()).toMatchObject({ code: 4001, wasClean: true });
    expect(statuses).toEqual(['open']);
  });

  test('ours is a session', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url, { fallback: 'plain' });
    await socket.send('hello').delivered;
    expect(await sessions.next()).toBeDefined();
  });
});

test('what was sent before keeps its transfer: aborts, order and priorities go on', async () => {
  const { socket, server } = openPlain({ mode: 'session', fallback: 'plain' });
  const first = socket.send('first');
  const aborted = socket.send('aborted');
  const urgent = socket.send('urgent', { priority: 'high' });
  const onChannel = socket.send('elsewhere', { channel: 'x' });
  const connection = await server.next();
  connection.open('');
  aborted.abort();
  await settle();
  expect(connection.sent).toEqual(['urgent', 'first', 'aborted']);
  await expect(aborted.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  await expect(onChannel.delivered).rejects.toMatchObject({ code: 'ERR_PLAIN_MODE' });
  expect([first.state, urgent.state]).toEqual(['sending', 'sending']);
});

test('a socket that is closed before it is clear finishes what was sent, with the code it was closed with', async () => {
  const { url, messages, connections } = await startPlain();
  const socket = openSocket(url, { fallback: 'plain' });
  const closes = collect(socket, 'close');
  const { delivered } = socket.send('last words');
  const closed = socket.close(4001, 'enough');
  const connection = await connections.next();
  const end = once(connection, 'close');

  await closed;

  expect(await messages.next()).toBe('last words');
  await delivered;
  expect(closes.items).toMatchObject([{ code: 4001, reason: 'enough', wasClean: true }]);
  expect((await end)[0]).toBe(4001);
});

/** A scripted socket that may fall back. */
const open = (url?: string, clock?: ReturnType<typeof openPlain>['clock']): ReturnType<typeof openPlain> =>
  openPlain(
    { mode: 'session', fallback: 'plain' },
    { ...(url !== undefined && { url }), ...(clock !== undefined && { clock }) },
  );

describe('where the handshake is refused', () => {
  test('the proof is: refused, plain opens, refused again; the held connection is adopted with what came early', async () => {
    const { socket, server } = open();
    const messages = collect(socket, 'message');
    const retries = collect(socket, 'retry');
    const early = socket.send('waits');
    const first = await server.next();
    first.end(1006);
    const held = await server.next();
    held.open('');
    held.deliverText('one');
    held.deliver(Uint8Array.of(2));
    const second = await server.next();
    expect(socket.status).toBe('connecting');
    expect(messages.items).toEqual([]);

    second.end(1006);

    expect([first, held, second].map(({ protocols }) => protocols)).toEqual([ours, [], ours]);
    expect(socket.status).toBe('open');
    held.deliverText('three');
    expect(messages.items.map(({ data }) => data)).toEqual(['one', Uint8Array.of(2).buffer, 'three']);
    await settle();
    expect(held.sent).toEqual(['waits']);
    expect(early.state).toBe('sending');
    expect(held.closedWith).toBeUndefined();
    expect(retries.items).toEqual([]);
    expect(server.sockets).toHaveLength(3);
  });

  test('and ours works the second time, the held connection is closed and all goes on as a session', async () => {
    const { socket, server } = open();
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    const second = await server.next();

    second.accept();

    expect(held.closedWith?.code).toBe(1000);
    expect(socket.status).toBe('open');
    // And that for good: as today.
    second.end(1006);
    expect(socket.status).toBe('reconnecting');
  });

  test('and something else is chosen the second time, that connection is the one', async () => {
    const { socket, server } = open();
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    const second = await server.next();
    second.open('');
    socket.send('x');
    await settle();
    expect(held.closedWith?.code).toBe(1000);
    expect(second.sent).toEqual(['x']);
  });

  test('and plain is refused as well, it is a lost connection like any other', async () => {
    const { socket, server, clock } = open();
    const retries = collect(socket, 'retry');
    (await server.next()).end(1006);
    (await server.next()).end(1006);

    expect(retries.items).toMatchObject([{ attempt: 1, delayMs: 250, wasOpen: false }]);
    clock.advance(250);
    expect((await server.next()).protocols).toEqual(ours);
  });

  test('and the server closes the held connection, nothing is proved', async () => {
    const { socket, server, clock, url } = open();
    const retries = collect(socket, 'retry');
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    const second = await server.next();
    held.end(1002, 'unknown subprotocol', true);
    second.end(1006);

    expect(retries.items).toMatchObject([{ attempt: 1, close: { code: 1006 } }]);
    clock.advance(250);
    (await server.next()).accept();
    expect(socket.status).toBe('open');
    expect((await open(url, clock).server.next()).protocols).toEqual(ours);
  });

  test('more than 1 MiB that came early is not kept: the connection is opened anew', async () => {
    const { socket, server } = open();
    const messages = collect(socket, 'message');
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    held.deliver(new Uint8Array(1024 * 1024));
    const second = await server.next();
    expect(held.closedWith).toBeUndefined();
    held.deliver(Uint8Array.of(1));
    expect(held.closedWith?.code).toBe(1000);

    second.end(1006);
    const anew = await server.next();
    expect(anew.protocols).toEqual([]);
    anew.open('');

    expect(socket.status).toBe('open');
    anew.deliverText('hello');
    expect(messages.items.map(({ data }) => data)).toEqual(['hello']);
    expect(server.sockets).toHaveLength(4);
  });

  test('small messages are counted as well: a flood of empty ones ends', async () => {
    const { server } = open();
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    await server.next();
    for (let count = 0; count < 16_384; count++) held.deliverText('');
    expect(held.closedWith).toBeUndefined();
    held.deliverText('');
    expect(held.closedWith?.code).toBe(1000);
  });

  test('a socket that is closed meanwhile leaves no connection open', async () => {
    const { socket, server } = open();
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    const second = await server.next();
    await socket.close(4001, 'bye');
    expect(held.closedWith?.code).toBe(1000);
    expect(second.closedWith?.code).toBe(4001);
    expect(socket.status).toBe('closed');
  });

  test('no answer to the second try proves nothing', async () => {
    const { socket, server, clock } = open();
    const retries = collect(socket, 'retry');
    (await server.next()).end(1006);
    const held = await server.next();
    held.open('');
    await server.next();
    clock.advance(10_000);
    expect(held.closedWith?.code).toBe(1000);
    expect(retries.items).toMatchObject([{ close: { code: 4905 } }]);
    expect(socket.status).toBe('connecting');
  });

  test('after a session was up, it is handled as ever', async () => {
    const { socket, server, clock } = open();
    const closes = collect(socket, 'close');
    (await server.next()).accept().end(1006);
    clock.advance(250);
    const refused = await server.next();
    refused.end(1006);
    clock.advance(500);
    const again = await server.next();
    expect(again.protocols).toEqual(ours);
    again.open('chunksocket.plain');
    expect(closes.items).toMatchObject([{ error: { code: 'ERR_HANDSHAKE' } }]);
    expect(socket.status).toBe('closed');
  });

  test('without the fallback nothing is tried', async () => {
    const { server, clock } = openPlain({ mode: 'session' });
    (await server.next()).end(1006);
    await settle();
    expect(server.sockets).toHaveLength(1);
    clock.advance(250);
    expect((await server.next()).protocols).toEqual(ours);
  });
});

describe('what was proved is believed', () => {
  /** Proves it, and returns where and when. */
  async function prove(url?: string): Promise<{ url: string; clock: ReturnType<typeof openPlain>['clock'] }> {
    const proved = open(url);
    const { server } = proved;
    (await server.next()).end(1006);
    (await server.next()).open('');
    (await server.next()).end(1006);
    expect(proved.socket.status).toBe('open');
    return proved;
  }

  test('for ten minutes, by every socket to the same origin and path', async () => {
    const { url, clock } = await prove();
    clock.advance(10 * 60_000 - 1);
    const { socket, server } = open(`${url}?token=2`, clock);
    const connection = await server.next();
    connection.open('');
    expect(connection.protocols).toEqual([]);
    expect(socket.status).toBe('open');
    expect((await open(`${url}/other`, clock).server.next()).protocols).toEqual(ours);

    clock.advance(1);

    expect((await open(url, clock).server.next()).protocols).toEqual(ours);
  });

  test('also by a socket whose own try is under way', async () => {
    const scripted = open();
    (await scripted.server.next()).end(1006);
    await prove(scripted.url);
    const plain = await scripted.server.next();
    plain.open('');
    expect(plain.protocols).toEqual([]);
    expect(scripted.socket.status).toBe('open');
  });

  test('and a believed server that refuses is tried again, after a delay', async () => {
    const { url, clock } = await prove();
    const { socket, server } = open(url, clock);
    const retries = collect(socket, 'retry');
    (await server.next()).end(1006);
    expect(retries.items).toMatchObject([{ attempt: 1 }]);
    clock.advance(250);
    expect((await server.next()).protocols).toEqual([]);
  });
});

/** A server whose upgrades the test decides on. */
async function startPicky(
  decide: (request: IncomingMessage) => WebSocketServer | number,
): Promise<{ url: string; statuses: (number | 'ok')[] }> {
  const http = createServer();
  const statuses: (number | 'ok')[] = [];
  const sockets = new Set<{ destroy(): void }>();
  http.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    const decision = decide(request);
    statuses.push(typeof decision === 'number' ? decision : 'ok');
    if (typeof decision === 'number') {
      socket.end(`HTTP/1.1 ${decision} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else {
      decision.handleUpgrade(request, socket, head, (webSocket) => {
        decision.emit('connection', webSocket, request);
      });
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    http.close();
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, statuses };
}

describe('over real sockets', () => {
  test('one 502 during a deploy ends in a session', async () => {
    const wss = new WebSocketServer({ noServer: true, handleProtocols });
    const server = new ChunkServer();
    server.attach(wss);
    const messages: unknown[] = [];
    server.on('session', (session) => {
      session.on('message', ({ data }) => messages.push(data));
    });
    onTestFinished(() => server.close({ deadlineMs: 0 }));
    let refusals = 1;
    const { url, statuses } = await startPicky(() => (refusals-- > 0 ? 502 : wss));
    const socket = openSocket(url, { fallback: 'plain' });
    const transfer = socket.send('exactly once', { channel: 'x', meta: 1 });

    await transfer.delivered;

    expect(statuses).toEqual([502, 'ok', 'ok']);
    expect(messages).toEqual(['exactly once']);
    expect(socket.stats().limitBytes).toBeLessThan(Infinity);
  });

  test('a server that answers unknown subprotocols with 400 is plain, and believed to be', async () => {
    const wss = new WebSocketServer({ noServer: true });
    const messages: string[] = [];
    wss.on('connection', (socket) => {
      socket.send('welcome');
      socket.on('message', (data) => messages.push((data as Buffer).toString()));
    });
    const { url, statuses } = await startPicky(({ headers }) =>
      headers['sec-websocket-protocol']?.includes('chunksocket') === true ? 400 : wss,
    );
    const socket = openSocket(url, { fallback: 'plain' });
    const greetings = collect(socket, 'message');
    await socket.send('hello').delivered;
    expect((await greetings.next()).data).toBe('welcome');
    expect(greetings.items).toEqual([]);
    expect([statuses, messages]).toEqual([[400, 'ok', 400], ['hello']]);

    const next = openSocket(`${url}/?again`, { fallback: 'plain' });
    await next.send('hello again').delivered;

    expect([statuses, messages]).toEqual([
      [400, 'ok', 400, 'ok'],
      ['hello', 'hello again'],
    ]);
    expect(await outcomeOf(next.send('', { meta: 1 }).delivered)).toMatchObject({ code: 'ERR_PLAIN_MODE' });
  });
});
