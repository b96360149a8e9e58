import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { encodeAck } from '../../src/protocol/packet.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { encodeText } from '../../src/protocol/text.ts';
import { helloPacket, messageFrame, newSession, RawPeer, streamPacket } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

describe('HELLO is answered', () => {
  test('new, with the terms of the server', async () => {
    const { url, sessions } = await startServer({
      maxMessageBytes: 1000,
      maxStreamBytes: 999,
      poolBytes: 10_000,
      initialChannelCredit: 20_000,
      maxOpenChannels: 3,
      resumeMs: 777,
      route: 'node-1',
    });
    const peer = await RawPeer.open(url);
    const { session, secret } = newSession();
    peer.hello({ session, secret });
    expect(await peer.welcome()).toEqual({
      version: 1,
      result: 'new',
      protocol: '',
      received: 0,
      streamEnd: 0,
      resumeMs: 777,
      route: 'node-1',
      maxPacketBytes: 100 << 20,
      maxMessageBytes: 1000,
      poolBytes: 10_000,
      initialChannelCredit: 20_000,
      maxOpenChannels: 3,
    });
    const made = await sessions.next();
    expect(made).toMatchObject({ id: session, identity: '', protocol: '', status: 'open' });
    expect(made.request).toMatchObject({ url: '/', remoteAddress: '127.0.0.1' });
    expect(made.request.headers.upgrade).toBe('websocket');
  });

  test('resumed, to a HELLO that was sent again because WELCOME was lost', async () => {
    const { url, sessions, server } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    first.cut();
    const second = await RawPeer.open(url);
    second.hello({ ...session, connection: 2 });
    expect(await second.welcome()).toMatchObject({ result: 'resumed', received: 0 });
    await sessions.next();
    expect(server.stats().sessions).toBe(1);
  });

  test('gone, where the session is expected and not there; a second HELLO makes a new one', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), connection: 7, expected: true, received: 10, streamEnd: 20 });
    expect(await peer.welcome()).toEqual({ version: 1, result: 'gone' });
    const next = newSession();
    peer.hello(next);
    expect(await peer.welcome()).toMatchObject({ result: 'new' });
    expect((await sessions.next()).id).toBe(next.session);
  });

  test('unknown members are ignored, whatever their name', async () => {
    const { url } = await startServer();
    const peer = await RawPeer.open(url);
    const { session, secret } = newSession();
    const hello = { version: 1, session, secret, connection: 1, expected: false, received: 0, streamEnd: 0 };
    const json = JSON.stringify({ ...hello, ...DEFAULT_TERMS, future: { a: 1 } });
    peer.send(encodeText(`\u0001${json.slice(0, -1)},"__proto__":{"version":9}}`));
    expect(await peer.welcome()).toMatchObject({ result: 'new' });
  });
});

describe('the application subprotocol', () => {
  test('is the first of the client that the server speaks', async () => {
    const { url, sessions } = await startServer({ protocols: ['b', 'c'] });
    const session = newSession();
    const peer = await RawPeer.open(url);
    peer.hello({ ...session, protocols: ['a', 'c', 'b'] });
    expect(await peer.welcome()).toMatchObject({ protocol: 'c' });
    expect((await sessions.next()).protocol).toBe('c');
    const again = await RawPeer.open(url);
    again.hello({ ...session, protocols: ['b'], connection: 2 });
    expect(await again.welcome()).toMatchObject({ result: 'resumed', protocol: 'c' });
  });

  test('is none where the server speaks none of them', async () => {
    const { url } = await startServer({ protocols: ['x'] });
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), protocols: ['a'] });
    expect(await peer.welcome()).toMatchObject({ protocol: '' });
  });

  test('can be chosen by a function', async () => {
    const { url } = await startServer({
      protocols: (offered, request) => (request.url === '/' ? offered.at(-1) : undefined),
    });
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), protocols: ['a', 'z'] });
    expect(await peer.welcome()).toMatchObject({ protocol: 'z' });
  });

  test.each([
    ['was not offered', () => 'other'],
    ['is too long for a WELCOME', () => 'l'.repeat(300)],
  ])('is none, and an error is told, where the function chooses one that %s', async (_, protocols) => {
    const { url, server } = await startServer({ protocols });
    const errors: unknown[] = [];
    server.on('error', ({ error }) => errors.push(error));
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), protocols: ['a', 'l'.repeat(300)] });
    expect(await peer.welcome()).toMatchObject({ protocol: '' });
    expect(errors).toHaveLength(1);
  });
});

describe('a connection is closed with', () => {
  test('4902 where authorize refuses, throws, rejects or forgets to answer', async () => {
    const answers: Record<string, () => unknown> = {
      no: () => false,
      throw: () => {
        throw new Error('broken');
      },
      reject: () => Promise.reject(new Error('not today')),
      forget: () => undefined,
    };
    const { url, server, refusals } = await startServer({
      authorize: ({ auth }) => (answers[auth as string] as () => string)(),
    });
    for (const auth of Object.keys(answers)) {
      const peer = await RawPeer.open(url);
      peer.hello({ ...newSession(), auth });
      expect(await peer.closed).toEqual({ code: 4902, reason: 'unauthorized' });
      const { code, cause } = await refusals.next();
      expect(code).toBe(4902);
      expect(cause).toBeInstanceOf(Error);
    }
    expect(server.stats()).toMatchObject({ sessions: 0, arrivingConnections: 0 });
  });

  test('4903 for a wrong secret', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    await RawPeer.join(url, session);
    const thief = await RawPeer.open(url);
    thief.hello({ ...session, secret: newSession().secret, connection: 2 });
    expect(await thief.closed).toEqual({ code: 4903, reason: 'session refused' });
    expect((await sessions.next()).status).toBe('open');
  });

  test('4903 for another identity, even with the right secret', async () => {
    const { url, sessions } = await startServer({ authorize: ({ auth }) => auth as string });
    const session = newSession();
    await RawPeer.join(url, session, { auth: 'alice' });
    const thief = await RawPeer.open(url);
    thief.hello({ ...session, connection: 2, auth: 'mallory' });
    expect((await thief.closed).code).toBe(4903);
    const made = await sessions.next();
    expect(made).toMatchObject({ identity: 'alice', status: 'open' });
  });

  test.each([1, 2])('4904 for connection number %i when the last one was 2', async (connection) => {
    const { url, sessions } = await startServer();
    const session = newSession();
    await RawPeer.join(url, session, { connection: 2 });
    const late = await RawPeer.open(url);
    late.hello({ ...session, connection });
    expect((await late.closed).code).toBe(4904);
    expect((await sessions.next()).status).toBe('open');
  });

  test('4905 where no HELLO comes in time, and not before', async () => {
    const { url, clock, server } = await startServer({ handshakeTimeoutMs: 5000 });
    const slow = await RawPeer.open(url);
    await expect.poll(() => server.stats().arrivingConnections).toBe(1);
    clock.skip(4000);
    slow.hello(newSession());
    expect(await slow.welcome()).toMatchObject({ result: 'new' });
    const silent = await RawPeer.open(url);
    await expect.poll(() => server.stats().arrivingConnections).toBe(1);
    clock.skip(5000);
    expect(await silent.closed).toEqual({ code: 4905, reason: 'handshake timeout' });
    expect(slow.socket.readyState).toBe(slow.socket.OPEN);
  });

  test('4905 where authorize takes too long, or the second HELLO does not come', async () => {
    const { url, clock, server } = await startServer({
      authorize: ({ auth }) => (auth === 'slow' ? new Promise<string>(() => undefined) : 'me'),
    });
    const slow = await RawPeer.open(url);
    slow.hello({ ...newSession(), auth: 'slow' });
    const gone = await RawPeer.open(url);
    gone.hello({ ...newSession(), connection: 3, expected: true });
    await gone.welcome();
    await expect.poll(() => server.stats().arrivingConnections).toBe(2);
    clock.skip(10_000);
    expect((await slow.closed).code).toBe(4905);
    expect((await gone.closed).code).toBe(4905);
  });

  test('4907 for another version, whatever else it says', async () => {
    const { url } = await startServer();
    const peer = await RawPeer.open(url);
    peer.send(encodeText('\u0001{"version":2}'));
    expect(await peer.closed).toEqual({ code: 4907, reason: 'version 2 is not 1' });
  });

  test.each<[string, Uint8Array]>([
    ['empty-packet', new Uint8Array()],
    ['unknown-packet', Uint8Array.of(0x55, 1)],
    ['data-before-hello', streamPacket(0, messageFrame('hi'))],
    ['data-before-hello', encodeAck(true, 0)],
    ['unexpected-welcome', encodeText('\u0002{"version":1,"result":"gone"}')],
    ['bad-hello', encodeText('\u0001nonsense')],
    ['bad-hello', helloPacket({ ...newSession(), connection: 0 })],
    ['bad-hello', helloPacket({ ...newSession(), maxPacketBytes: 511 })],
    ['hello-too-big', helloPacket({ ...newSession(), auth: 'x'.repeat(4000) })],
    ['received-regressed', helloPacket({ ...newSession(), received: 1 })],
  ])('4900 %s instead of a good HELLO', async (violation, bytes) => {
    const { url, server, refusals } = await startServer();
    const peer = await RawPeer.open(url);
    peer.send(bytes);
    expect(await peer.closed).toEqual({ code: 4900, reason: violation });
    expect(await refusals.next()).toMatchObject({ code: 4900, reason: violation });
    expect(server.stats()).toMatchObject({ sessions: 0, arrivingConnections: 0 });
  });

  test('4900 text-packet for a text message', async () => {
    const { url } = await startServer();
    const peer = await RawPeer.open(url);
    peer.socket.send('hello');
    expect(await peer.closed).toEqual({ code: 4900, reason: 'text-packet' });
  });

  test('a HELLO of 4096 bytes is taken', async () => {
    const { url } = await startServer();
    const session = newSession();
    const restBytes = 4096 - helloPacket({ ...session, auth: '' }).length;
    const peer = await RawPeer.open(url);
    peer.send(helloPacket({ ...session, auth: 'x'.repeat(restBytes) }));
    expect(await peer.welcome()).toMatchObject({ result: 'new' });
  });

  test.each([
    ['the session that is gone', {}],
    ['a session that is expected', { ...newSession(), expected: true }],
  ])('4900 unexpected-hello for a second HELLO for %s', async (_, second) => {
    const { url } = await startServer();
    const first = newSession();
    const peer = await RawPeer.open(url);
    peer.hello({ ...first, connection: 2, expected: true });
    await peer.welcome();
    peer.hello({ ...first, connection: 3, ...second });
    expect(await peer.closed).toEqual({ code: 4900, reason: 'unexpected-hello' });
  });

  test('4900 data-before-hello for data behind gone', async () => {
    const { url } = await startServer();
    const peer = await RawPeer.open(url);
    peer.hello({ ...newSession(), connection: 2, expected: true });
    await peer.welcome();
    peer.stream(messageFrame('too soon'));
    expect(await peer.closed).toEqual({ code: 4900, reason: 'data-before-hello' });
  });

  test('4900 unexpected-hello, and ends the session, for a HELLO after WELCOME', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    peer.hello({ ...session, connection: 2 });
    expect(await peer.closed).toEqual({ code: 4900, reason: 'unexpected-hello' });
    const made = await sessions.next();
    await expect.poll(() => made.status).toBe('closed');
  });
});

test('authorize is asked for each HELLO, before the answer, and told what came with it', async () => {
  const asked: string[] = [];
  const { url } = await startServer({
    authorize: ({ auth, request, session }) => {
      asked.push(`${session} ${String(auth)} ${String(request.headers['x-test'])}`);
      return true;
    },
  });
  const session = newSession();
  for (const connection of [1, 2]) {
    const peer = await RawPeer.open(url, { headers: { 'x-test': 'yes' } });
    peer.hello({ ...session, connection, auth: connection });
    await peer.welcome();
  }
  expect(asked).toEqual([`${session.session} 1 yes`, `${session.session} 2 yes`]);
});

test('of two connections that are authorized at the same time the later number wins, in whatever order', async () => {
  const answers: ((identity: string) => void)[] = [];
  const { url } = await startServer({
    authorize: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const session = newSession();
  const [first, second] = [await RawPeer.open(url), await RawPeer.open(url)];
  first.hello(session);
  await expect.poll(() => answers.length).toBe(1);
  second.hello({ ...session, connection: 2 });
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.('me');
  expect(await second.welcome()).toMatchObject({ result: 'new' });
  answers[0]?.('me');
  expect((await first.closed).code).toBe(4904);
});

test('a connection that closes while it is authorized leaves nothing behind', async () => {
  let answer: (identity: string) => void = () => undefined;
  const { url, server } = await startServer({
    authorize: () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  });
  const peer = await RawPeer.open(url);
  peer.hello(newSession());
  await expect.poll(() => server.stats().arrivingConnections).toBe(1);
  peer.cut();
  await expect.poll(() => server.stats().arrivingConnections).toBe(0);
  answer('me');
  await Promise.resolve();
  expect(server.stats().sessions).toBe(0);
});

test('secret and auth are nowhere to be seen afterwards', async () => {
  const { url, server, sessions, refusals } = await startServer({ authorize: ({ auth }) => auth !== 'bad-token' });
  const session = newSession();
  await RawPeer.join(url, session, { auth: 'token-of-alice' });
  const refused = await RawPeer.open(url);
  refused.hello({ ...session, connection: 2, auth: 'bad-token' });
  await refused.closed;
  const made = await sessions.next();
  const shown = inspect([server, made, await refusals.next(), made.stats()], { depth: 20, showHidden: true });
  for (const word of [session.secret, 'token-of-alice', 'bad-token']) expect(shown).not.toContain(word);
});
