/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- that ours stands in for theirs is what is tested */
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import type * as graphql from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import * as syncProtocol from 'y-protocols/sync';
import * as Y from 'yjs';
import { docs, setupWSConnection } from '@y/websocket-server/utils';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { newSession, RawPeer } from '../../support/raw-peer.ts';
import { asOurs, closeOf, kinds, openClient, startWebSocketServer } from './rig.ts';
import type { Client } from './rig.ts';

// The copy that graphql-ws has: there are two, and they do not know each other's schemas.
const { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } = createRequire(import.meta.url)(
  'graphql',
) as typeof graphql;

const GRAPHQL = 'graphql-transport-ws';

/** Counts up to what it is asked for, and never ends where that is 0. */
async function* countTo(last: number): AsyncGenerator<{ count: number }> {
  for (let count = 1; last === 0 || count <= last; count++) {
    yield { count };
    if (last === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { hello: { type: GraphQLString, args: { size: { type: GraphQLInt } }, resolve: greet } },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLInt,
        args: { last: { type: GraphQLInt } },
        subscribe: (_source, { last }: { last: number }) => countTo(last),
      },
    },
  }),
});

function greet(_source: unknown, { size }: { size?: number }): string {
  return 'x'.repeat(size ?? 0) || 'world';
}

async function say(client: Client, message: unknown): Promise<void> {
  client.send(JSON.stringify(message));
  return Promise.resolve();
}

async function hear(client: Client): Promise<unknown> {
  return JSON.parse(String(await client.messages.next()));
}

describe.each(kinds)('graphql-ws serves clients of %s', (kind) => {
  test('queries and subscriptions, by the text protocol', async () => {
    const { server, url } = await startWebSocketServer();
    useServer({ schema }, server);
    const client = openClient(kind, url, [GRAPHQL]);
    await say(client, { type: 'connection_init' });
    expect(await hear(client)).toEqual({ type: 'connection_ack' });

    await say(client, { id: '1', type: 'subscribe', payload: { query: '{ hello }' } });
    expect(await hear(client)).toEqual({ id: '1', type: 'next', payload: { data: { hello: 'world' } } });
    expect(await hear(client)).toEqual({ id: '1', type: 'complete' });

    await say(client, { id: '2', type: 'subscribe', payload: { query: 'subscription { count(last: 3) }' } });
    for (const count of [1, 2, 3]) {
      expect(await hear(client)).toEqual({ id: '2', type: 'next', payload: { data: { count } } });
    }
    expect(await hear(client)).toEqual({ id: '2', type: 'complete' });
    client.close(1000);
    await client.closed;
  });

  test('until one of them breaks the rules', async () => {
    const { server, url } = await startWebSocketServer();
    useServer({ schema }, server);
    const client = openClient(kind, url, [GRAPHQL]);
    await say(client, { id: '1', type: 'subscribe', payload: { query: '{ hello }' } });
    expect(await client.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  test('but none of another subprotocol', async () => {
    const { server, url, connections } = await startWebSocketServer();
    useServer({ schema }, server);
    const client = openClient(kind, url, kind === 'ws' ? [] : ['other']);
    const { socket } = await connections.next();
    expect((await closeOf(socket)).code).toBe(4406);
    expect((await client.closed).code).not.toBe(1000);
  });

  test('until it is disposed of', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const disposable = useServer({ schema }, server);
    const client = openClient(kind, url, [GRAPHQL]);
    await connections.next();
    await say(client, { type: 'connection_init' });
    await hear(client);
    await disposable.dispose();
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
  });

  test('and keeps them alive: pings are answered', async () => {
    const { server, url, connections } = await startWebSocketServer();
    useServer({ schema }, server, 200);
    openClient(kind, url, [GRAPHQL]);
    const { socket } = await connections.next();
    let pongs = 0;
    socket.on('pong', () => pongs++);
    await expect.poll(() => pongs, { timeout: 4000 }).toBeGreaterThan(2);
    expect(socket.readyState).toBe(1);
  });

  test('and gives up those that are gone', async () => {
    const { server, url, connections } = await startWebSocketServer();
    useServer({ schema }, server, 30);
    if (kind === 'ws') {
      const client = new WebSocket(url, [GRAPHQL], { autoPong: false });
      onTestFinished(() => {
        client.terminate();
      });
      client.on('error', () => undefined);
    } else {
      const peer = await RawPeer.join(url, newSession(), { protocols: [GRAPHQL] });
      peer.cut();
    }
    const { socket } = await connections.next();
    expect((await closeOf(socket)).code).toBe(1006);
  });
});

describe('graphql-ws on a session', () => {
  test('answers with more than the path lets through', async () => {
    const { server, url } = await startWebSocketServer({ maxMessageBytes: 8 << 20 }, { maxPayload: 64 * 1024 });
    useServer({ schema }, server);
    const client = openClient('chunk', url, [GRAPHQL]);
    await say(client, { type: 'connection_init' });
    await hear(client);
    await say(client, { id: '1', type: 'subscribe', payload: { query: '{ hello(size: 2000000) }' } });
    expect(await hear(client)).toMatchObject({ payload: { data: { hello: 'x'.repeat(2_000_000) } } });
    client.close(1000);
    await client.closed;
  });

  test('goes on after a cut that is shorter than its keep-alive', async () => {
    const { server, url, wss, connections } = await startWebSocketServer();
    useServer({ schema }, server, 1000);
    const client = openClient('chunk', url, [GRAPHQL]);
    const { socket } = await connections.next();
    await say(client, { type: 'connection_init' });
    await hear(client);
    await say(client, { id: '1', type: 'subscribe', payload: { query: 'subscription { count(last: 0) }' } });
    const seen: number[] = [];
    const next = async (): Promise<void> => {
      const { payload } = (await hear(client)) as { payload: { data: { count: number } } };
      seen.push(payload.data.count);
    };
    await next();
    let resumes = 0;
    asOurs(socket).session.on('resume', () => resumes++);
    for (const connection of wss.clients) connection.terminate();
    await expect.poll(() => resumes).toBe(1);
    let pongs = 0;
    socket.on('pong', () => pongs++);
    while (pongs < 1) await next();
    expect(seen).toEqual(Array.from(seen, (_, index) => index + 1));
    expect(socket.readyState).toBe(1);
  });

  test('still serves its own client over a plain WebSocket', async () => {
    const { server, url } = await startWebSocketServer();
    useServer({ schema }, server);
    const client = createClient({ url, webSocketImpl: WebSocket });
    onTestFinished(() => void client.dispose());
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: 'subscription { count(last: 2) }' })) results.push(result);
    expect(results).toEqual([{ data: { count: 1 } }, { data: { count: 2 } }]);
  });
});

/** A document that is kept in step with the server's, as the client of y-websocket does. */
function shareDocument(client: Client): Y.Doc {
  const doc = new Y.Doc();
  const send = (write: (encoder: encoding.Encoder) => void): void => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    write(encoder);
    client.send(encoding.toUint8Array(encoder));
  };
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== client) {
      send((encoder) => {
        syncProtocol.writeUpdate(encoder, update);
      });
    }
  });
  send((encoder) => {
    syncProtocol.writeSyncStep1(encoder, doc);
  });
  const listen = async (): Promise<void> => {
    for (;;) {
      const decoder = decoding.createDecoder(new Uint8Array((await client.messages.next()) as Buffer));
      if (decoding.readVarUint(decoder) !== 0) continue;
      const answer = encoding.createEncoder();
      encoding.writeVarUint(answer, 0);
      syncProtocol.readSyncMessage(decoder, answer, doc, client);
      if (encoding.length(answer) > 1) client.send(encoding.toUint8Array(answer));
    }
  };
  void listen();
  return doc;
}

describe('the server of y-websocket', () => {
  test('keeps documents in step, for plain clients and those of sessions', async () => {
    const { server, url } = await startWebSocketServer();
    server.on('connection', setupWSConnection);
    const [one, two, three] = (['chunk', 'chunk', 'ws'] as const).map((kind) =>
      shareDocument(openClient(kind, `${url}/notes`)),
    ) as [Y.Doc, Y.Doc, Y.Doc];
    one.getText('t').insert(0, 'hello');
    await expect.poll(() => three.getText('t').toJSON()).toBe('hello');
    three.getText('t').insert(5, ' world');
    two.getMap('m').set('key', 'value');
    for (const doc of [one, two, three]) {
      await expect.poll(() => doc.getText('t').toJSON()).toBe('hello world');
      await expect.poll(() => doc.getMap('m').toJSON()).toEqual({ key: 'value' });
    }
    expect(docs.get('notes')?.conns.size).toBe(3);
    for (const socket of server.clients) socket.close();
    await expect.poll(() => docs.get('notes')?.conns.size).toBe(0);
  });

  test('carries documents over cuts, and such as no packet could hold', async () => {
    const started = await startWebSocketServer({ maxMessageBytes: 8 << 20 }, { maxPayload: 64 * 1024 });
    started.server.on('connection', setupWSConnection);
    const one = shareDocument(openClient('chunk', `${started.url}/large`));
    const text = 'y'.repeat(1_500_000);
    one.getText('t').insert(0, text);
    for (const connection of started.wss.clients) connection.terminate();
    one.getText('t').insert(0, 'x');
    const two = shareDocument(openClient('chunk', `${started.url}/large`));
    await expect.poll(() => two.getText('t').length, { timeout: 4000 }).toBe(text.length + 1);
    expect(docs.get('large')?.conns.size).toBe(2);
  });

  test('takes its keep-alive for answered', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { server, url } = await startWebSocketServer();
    server.on('connection', setupWSConnection);
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const [socket] = server.clients;
    const pong = async (): Promise<void> => {
      await new Promise((resolve) => socket?.once('pong', resolve));
    };
    const answered = pong();
    vi.advanceTimersByTime(30_000);
    await answered;
    first.cut();
    await expect.poll(() => server.chunk.stats().waitingSessions).toBe(1);
    vi.advanceTimersByTime(30_000);
    const back = pong();
    const second = await RawPeer.join(url, session, { connection: 2, received: first.received, streamEnd: first.sent });
    await back;
    second.cut();
    await expect.poll(() => server.chunk.stats().waitingSessions).toBe(1);
    expect(socket?.readyState).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(socket?.readyState).toBe(2);
  });
});

describe.each(kinds)('the stream of ws over a socket of %s', (kind) => {
  test('echoes what a client sends, with back-pressure, and ends with it', async () => {
    const { url, connections } = await startWebSocketServer({ maxMessageBytes: 1 << 20 });
    const client = openClient(kind, url);
    const { socket } = await connections.next();
    const stream = createWebSocketStream(socket, { highWaterMark: 16_384 });
    const done = pipeline(stream, stream);
    const sent = patternBytes(600_000);
    for (let at = 0; at < sent.length; at += 60_000) client.send(sent.slice(at, at + 60_000));
    const parts: Buffer[] = [];
    let length = 0;
    while (length < sent.length) {
      const part = (await client.messages.next()) as Buffer;
      parts.push(part);
      length += part.length;
    }
    expect(Buffer.compare(Buffer.concat(parts), sent)).toBe(0);
    client.close(1000);
    await done.catch(() => undefined);
    await expect.poll(() => socket.readyState).toBe(3);
  });

  test('ends the socket when it ends', async () => {
    const { url, connections } = await startWebSocketServer();
    const client = openClient(kind, url);
    const { socket } = await connections.next();
    const stream = createWebSocketStream(socket);
    stream.resume();
    const finished = new Promise((resolve) => stream.on('finish', resolve));
    stream.end('last');
    expect(await client.messages.next()).toEqual(Buffer.from('last'));
    await client.closed;
    await finished;
  });
});
/* eslint-enable @typescript-eslint/no-unsafe-class-instance-assignment -- as above */
