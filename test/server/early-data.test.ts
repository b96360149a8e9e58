import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { ChunkSocket } from '../../src/client/chunk-socket.ts';
import { MessageTooBigError } from '../../src/errors/transfer-errors.ts';
import { MESSAGE_COST_BYTES } from '../../src/protocol/limits.ts';
import { helloPacket, messageFrame, newSession, RawPeer, streamPacket } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

/** A server whose `authorize` waits until it is told. */
async function startSlowServer() {
  const answers: ((identity: string) => void)[] = [];
  const started = await startServer({
    authorize: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const received: unknown[] = [];
  started.server.on('session', (session) => {
    session.on('message', ({ data }) => received.push(data));
  });
  const answer = async (): Promise<void> => {
    await expect.poll(() => answers.length).toBeGreaterThan(0);
    answers.shift()?.('me');
  };
  return { ...started, answer, received };
}

describe('early data', () => {
  test('waits for authorize, and is taken behind WELCOME new', async () => {
    const { url, answer, received } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    peer.stream(messageFrame('one'), messageFrame('two'));
    peer.stream(messageFrame('three'));
    await answer();
    expect(await peer.welcome()).toMatchObject({ result: 'new', received: 0 });
    await expect.poll(() => received).toEqual(['one', 'two', 'three']);
    peer.stream(messageFrame('four'));
    await expect.poll(() => received).toEqual(['one', 'two', 'three', 'four']);
  });

  test('may come behind the second HELLO after gone', async () => {
    const { url, answer, received } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), connection: 2, expected: true });
    await answer();
    await peer.welcome();
    peer.hello(newSession());
    peer.stream(messageFrame('hi'));
    await answer();
    expect(await peer.welcome()).toMatchObject({ result: 'new' });
    await expect.poll(() => received).toEqual(['hi']);
  });

  test('may be as much as 16384 bytes', async () => {
    const { url, answer, received } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    const message = messageFrame('x'.repeat(16_384 - MESSAGE_COST_BYTES));
    // A frame of an unknown type fills what credit does not allow.
    const restBytes = 16_384 - message.length - 2;
    const all = Buffer.concat([message, Uint8Array.of(0x09, restBytes), Buffer.alloc(restBytes)]);
    expect(all.length).toBe(16_384);
    for (let at = 0; at < all.length; at += 4096) peer.send(streamPacket(at, all.subarray(at, at + 4096)));
    await answer();
    await peer.welcome();
    await expect.poll(() => received).toHaveLength(1);
  });

  test('is a violation one byte beyond 16384', async () => {
    const { url, server } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    const all = new Uint8Array(16_385);
    for (let at = 0; at < all.length; at += 4096) peer.send(streamPacket(at, all.subarray(at, at + 4096)));
    expect(await peer.closed).toEqual({ code: 4900, reason: 'early-data' });
    expect(server.stats().sessions).toBe(0);
  });

  test('is a violation beyond 512 packets', async () => {
    const { url } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    for (let at = 0; at <= 512; at++) peer.send(streamPacket(at, Uint8Array.of(0)));
    expect(await peer.closed).toEqual({ code: 4900, reason: 'early-data' });
  });

  test.each([
    ['connection 2', { connection: 2 }],
    ['expected', { expected: true }],
  ])('is a violation behind a HELLO with %s', async (_, more) => {
    const { url } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), ...more });
    peer.stream(messageFrame('too soon'));
    expect(await peer.closed).toEqual({ code: 4900, reason: 'early-data' });
  });

  test.each<[string, Uint8Array]>([
    ['unexpected-hello', helloPacket(newSession())],
    ['unexpected-welcome', Uint8Array.of(2)],
    ['unknown-packet', Uint8Array.of(0x42)],
  ])('%s while authorize is pending ends the connection, and no session comes of it', async (violation, bytes) => {
    const { url, server, answer } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    peer.send(bytes);
    expect(await peer.closed).toEqual({ code: 4900, reason: violation });
    await answer();
    await Promise.resolve();
    expect(server.stats()).toMatchObject({ sessions: 0, arrivingConnections: 0 });
  });

  test('over maxMessageBytes is a message that fails, and nothing else does', async () => {
    const { url, sessions } = await startServer({ maxMessageBytes: 1000, maxStreamBytes: 1000 });
    const socket = new ChunkSocket(url, { WebSocket });
    onTestFinished(() => {
      void socket.close();
    });
    const fits = socket.send(new Uint8Array(1000));
    const tooBig = socket.send(new Uint8Array(1001));
    const last = socket.send('last');
    const error = await tooBig.delivered.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MessageTooBigError);
    expect(error).toMatchObject({ sizeBytes: 1001, limitBytes: 1000 });
    await Promise.all([fits.delivered, last.delivered, socket.send('more').delivered]);
    const received: number[] = [];
    (await sessions.next()).on('message', ({ data }) => received.push((data as string | Uint8Array).length));
    await expect.poll(() => received).toEqual([1000, 4, 4]);
    expect(socket.status).toBe('open');
    expect(socket.stats().connections).toBe(1);
  });

  test('is refused with its HELLO while that was authorized and the session called gone: it was sent again', async () => {
    let answer: (identity: string) => void = () => undefined;
    const slowly = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const { url, server, sessions, refusals } = await startServer({
      authorize: ({ auth }) => (auth === 'slow' ? slowly : 'me'),
    });
    const session = newSession();
    const slow = await RawPeer.open(url);
    slow.hello({ ...session, auth: 'slow' });
    slow.stream(messageFrame('once'));
    const peer = await RawPeer.open(url);
    peer.hello({ ...session, connection: 2, expected: true, streamEnd: slow.sent });
    expect(await peer.welcome()).toEqual({ version: 1, result: 'gone' });
    peer.hello(newSession());
    peer.stream(messageFrame('once'));
    expect(await peer.welcome()).toMatchObject({ result: 'new' });
    answer('me');
    expect(await slow.closed).toEqual({ code: 4904, reason: 'connection is not above 2' });
    expect((await refusals.next()).code).toBe(4904);
    const received: unknown[] = [];
    (await sessions.next()).on('message', ({ data }) => received.push(data));
    await expect.poll(() => received).toEqual(['once']);
    expect(server.stats()).toMatchObject({ sessions: 1, tombstones: 0 });
  });

  test('that breaks the protocol ends the session that it opened', async () => {
    const { url, answer, server } = await startSlowServer();
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    peer.stream(Uint8Array.of(0x40, 1, 0));
    await answer();
    expect(await peer.closed).toEqual({ code: 4900, reason: 'empty-data' });
    expect(server.stats().sessions).toBe(0);
  });

  test('is dropped with a connection that is refused', async () => {
    const { url, answer, received } = await startSlowServer();
    const session = newSession();
    const peer = await RawPeer.open(url);
    peer.hello(session);
    await answer();
    await peer.welcome();
    const thief = await RawPeer.open(url);
    thief.hello({ session: session.session, secret: newSession().secret });
    thief.stream(messageFrame('stolen'));
    await answer();
    expect((await thief.closed).code).toBe(4903);
    expect(received).toEqual([]);
  });
});
