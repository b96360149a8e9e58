import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeControl, encodeFields } from '../../src/protocol/frame-encoder.ts';
import { encodeAck } from '../../src/protocol/packet.ts';
import type { ServerSession } from '../../src/server/server-session.ts';
import { EngineClient } from '../support/engine-client.ts';
import { dataFrame, messageFrame, newSession, RawPeer, streamPacket } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

describe('messages', () => {
  test('text, binary, empty, named and with meta come as they were sent, both ways', async () => {
    const { url, server } = await startServer();
    server.on('session', (session) => {
      session.on('message', ({ data, channel, meta }) => {
        session.send(data, { channel, meta });
      });
    });
    const client = new EngineClient();
    await client.connect(url);
    const { port } = client;
    port.send('grüße');
    port.send(Uint8Array.of(1, 2, 3));
    port.send('');
    port.send(new Uint8Array(), { channel: 'files', meta: { name: 'empty' } });
    const messages = await client.messages.take(4);
    expect(messages.find(({ channel }) => channel === 'files')).toMatchObject({
      data: new Uint8Array(),
      meta: { name: 'empty' },
    });
    expect(messages.filter(({ channel }) => channel === '').map(({ data }) => data)).toEqual([
      'grüße',
      Uint8Array.of(1, 2, 3),
      '',
    ]);
  });

  test('wait for a listener, which may come late', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    peer.stream(messageFrame('early'), messageFrame('bird'));
    await expect.poll(() => session.stats().receivedBytes).toBe(peer.sent);
    const received: unknown[] = [];
    session.on('message', ({ data }) => received.push(data));
    await expect.poll(() => received).toEqual(['early', 'bird']);
  });

  test('are told once to a listener for one', async () => {
    const { url, sessions, server } = await startServer();
    const once: unknown[] = [];
    server.once('session', (session) => once.push(session.id));
    const peer = await RawPeer.join(url);
    await RawPeer.join(url);
    const session = await sessions.next();
    session.once('message', ({ data }) => once.push(data));
    peer.stream(messageFrame('first'));
    peer.stream(messageFrame('second'));
    await expect.poll(() => session.stats().receivedBytes).toBe(peer.sent);
    expect(once).toEqual([session.id, 'first']);
  });

  test('are ArrayBuffers where binaryType says so', async () => {
    const { url, sessions } = await startServer({ binaryType: 'arraybuffer' });
    const peer = await RawPeer.join(url);
    const received: unknown[] = [];
    (await sessions.next()).on('message', ({ data }) => received.push(data));
    peer.stream(messageFrame(Uint8Array.of(7)));
    await expect.poll(() => received).toEqual([Uint8Array.of(7).buffer]);
  });

  test('that a listener throws at, or rejects, break nothing', async () => {
    const { url, sessions, server } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const errors: unknown[] = [];
    server.on('error', ({ error }) => errors.push(String(error)));
    const received: unknown[] = [];
    session.on('message', () => {
      throw new Error('at once');
    });
    session.on('message', () => Promise.reject(new Error('later')));
    session.on('message', ({ data }) => received.push(data));
    peer.stream(messageFrame('one'), messageFrame('two'));
    await expect.poll(() => received).toEqual(['one', 'two']);
    await expect
      .poll(() => errors.sort())
      .toEqual(['Error: at once', 'Error: at once', 'Error: later', 'Error: later']);
    await session.send('fine').delivered;
  });

  test('errors of listeners become warnings where nobody listens for errors, or that one throws', async () => {
    const { url, server } = await startServer();
    const warnings: string[] = [];
    const spy = vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
      warnings.push(String(warning));
    });
    onTestFinished(() => {
      spy.mockRestore();
    });
    server.on('session', () => {
      throw new Error('no welcome');
    });
    await RawPeer.join(url);
    await expect.poll(() => warnings).toEqual(['Error: no welcome']);
    server.on('error', () => Promise.reject(new Error('worse')));
    await RawPeer.join(url);
    await expect.poll(() => warnings).toEqual(['Error: no welcome', 'Error: worse']);
  });

  test('tell their sender in whose session they were when they could not be sent', async () => {
    const { url, sessions } = await startServer();
    await RawPeer.join(url, newSession(), { maxMessageBytes: 100 });
    const session = await sessions.next();
    await session.send(new Uint8Array(100)).delivered;
    await expect(session.send(new Uint8Array(101)).delivered).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_BIG',
      limitBytes: 100,
    });
    expect(() => session.send(5 as never)).toThrow(TypeError);
    expect(session.status).toBe('open');
  });
});

describe('broadcast', () => {
  test('reaches every session, also those that wait, but not those that close', async () => {
    const { url, server, sessions } = await startServer();
    const session = newSession();
    const [connected, away, closing] = [
      await RawPeer.join(url),
      await RawPeer.join(url, session),
      await RawPeer.join(url),
    ];
    const made = await sessions.take(3);
    away.cut();
    await expect.poll(() => made[1]?.status).toBe('waiting');
    void made[2]?.close();
    const transfers = server.broadcast('news', { channel: 'all' });
    expect(transfers).toHaveLength(2);
    expect(await connected.messages.next()).toBe('news');
    const back = await RawPeer.join(url, session, { connection: 2 });
    expect(await back.messages.next()).toBe('news');
    await Promise.all(transfers.map(({ delivered }) => delivered));
    expect(closing.messages.items).toEqual([]);
  });

  test('can leave some out, and takes bytes that change afterwards', async () => {
    const { url, server, sessions } = await startServer({ authorize: ({ auth }) => auth as string });
    const [alice, bob] = [
      await RawPeer.join(url, newSession(), { auth: 'alice' }),
      await RawPeer.join(url, newSession(), { auth: 'bob' }),
    ];
    await sessions.take(2);
    const bytes = Uint8Array.of(1, 2, 3);
    server.broadcast(bytes, { filter: ({ identity }) => identity !== 'alice' });
    bytes.fill(0);
    server.broadcast('to all');
    expect(await bob.messages.next()).toEqual(Uint8Array.of(1, 2, 3));
    expect(await alice.messages.next()).toBe('to all');
  });

  test('to nobody does nothing', async () => {
    const { server } = await startServer();
    expect(server.broadcast('anybody?')).toEqual([]);
  });
});

describe('a client that breaks a rule is ended with 4900, and no other session notices', () => {
  const credit = 16_384;
  test.each<[string, (peer: RawPeer) => void]>([
    [
      'credit-exceeded',
      (peer) => {
        peer.stream(messageFrame(new Uint8Array(credit - 64 + 1)));
      },
    ],
    [
      'credit-exceeded',
      (peer) => {
        for (let count = 0; count <= credit / 64; count++) peer.stream(messageFrame(''));
      },
    ],
    [
      'message-too-big',
      (peer) => {
        const fields = encodeFields({ name: 'files' });
        peer.stream(dataFrame(new Uint8Array(10), 1, { channel: 1, total: 100_001, fields }));
      },
    ],
    [
      'too-many-channels',
      (peer) => {
        for (let channel = 1; channel <= 4; channel++) peer.stream(messageFrame('', channel, { name: `c${channel}` }));
      },
    ],
    [
      'offset-mismatch',
      (peer) => {
        peer.stream(messageFrame('twice'));
        peer.send(streamPacket(0, messageFrame('twice')));
      },
    ],
    [
      'ack-beyond-sent',
      (peer) => {
        peer.send(encodeAck(false, 1000));
      },
    ],
    [
      'text-packet',
      (peer) => {
        peer.socket.send('text');
      },
    ],
    [
      'unexpected-frame',
      (peer) => {
        peer.stream(encodeControl({ type: 'goaway', deadlineMs: 1 }));
      },
    ],
    [
      'control-too-big',
      (peer) => {
        peer.stream(Uint8Array.of(1, 0x80, 0, 0x10, 0x01, 0));
      },
    ],
    [
      'bad-text',
      (peer) => {
        peer.stream(dataFrame(Uint8Array.of(0xff), 7));
      },
    ],
    [
      'unexpected-hello',
      (peer) => {
        peer.hello(newSession());
      },
    ],
    [
      'empty-packet',
      (peer) => {
        peer.send(new Uint8Array());
      },
    ],
  ])('%s', async (violation, attack) => {
    const { url, sessions, server } = await startServer({
      maxMessageBytes: 100_000,
      maxStreamBytes: 100_000,
      maxOpenChannels: 4,
    });
    const honest = await RawPeer.join(url);
    const good = await sessions.next();
    const session = newSession();
    const hostile = await RawPeer.join(url, session);
    const bad = await sessions.next();
    const errors: unknown[] = [];
    bad.on('error', ({ error }) => errors.push(error));
    attack(hostile);
    expect(await hostile.closed).toEqual({ code: 4900, reason: violation });
    expect(bad.status).toBe('closed');
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_PROTOCOL', violation, isReceived: false })]);
    await good.send('still here').delivered;
    expect(await honest.messages.next()).toBe('still here');
    expect(server.stats().sessions).toBe(1);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true });
    expect(await back.welcome()).toMatchObject({ result: 'ended', close: { code: 4900, reason: violation } });
  });

  test('what fits the credit and the channels exactly is taken', async () => {
    const { url, sessions } = await startServer({ maxOpenChannels: 4 });
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    peer.stream(messageFrame(new Uint8Array(credit - 64)));
    for (let channel = 1; channel <= 3; channel++) peer.stream(messageFrame('', channel, { name: `c${channel}` }));
    const received: unknown[] = [];
    session.on('message', ({ channel }) => received.push(channel));
    await expect.poll(() => received).toEqual(['', 'c1', 'c2', 'c3']);
  });
});

test('a client that stops reading stalls nobody else, and is dropped and waited for in the end', async () => {
  const { url, sessions, clock } = await startServer();
  const stuck = await RawPeer.join(url);
  const slow: ServerSession = await sessions.next();
  const lively = await RawPeer.join(url);
  const other = await sessions.next();
  stuck.socket.pause();
  slow.send('anybody there?');
  await other.send('hello').delivered;
  expect(await lively.messages.next()).toBe('hello');
  for (let seconds = 0; seconds < 15 && slow.status === 'open'; seconds++) clock.skip(1000);
  expect(slow.status).toBe('waiting');
  // Who went on reading was asked for a sign of life meanwhile, and gave it.
  expect(other.status).toBe('open');
  stuck.socket.resume();
  expect(await stuck.closed).toEqual({ code: 4908, reason: 'stalled' });
});

test('a heartbeat finds out that a silent client is gone', async () => {
  const { url, sessions, clock } = await startServer({ heartbeatMs: 5000 });
  const peer = await RawPeer.join(url);
  const session = await sessions.next();
  peer.socket.pause();
  for (let seconds = 0; seconds < 30 && session.status === 'open'; seconds++) clock.skip(1000);
  expect(session.status).toBe('waiting');
});
