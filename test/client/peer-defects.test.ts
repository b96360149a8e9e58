import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodePacket } from '../../src/protocol/packet.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { Inbox } from '../support/inbox.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { messageFrame } from '../support/raw-peer.ts';
import { SkipClock } from '../support/skip-clock.ts';
import { startServer } from '../support/start-server.ts';
import type { StartedServer } from '../support/start-server.ts';
import { collect, openScripted, openSocket } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

type Served = StartedServer & { readonly proxy: FaultProxy; readonly got: Inbox<string | Uint8Array> };

/** A server behind a proxy, and what it gets. */
async function startBehindProxy(...args: Parameters<typeof startServer>): Promise<Served> {
  const started = await startServer(...args);
  const got = new Inbox<string | Uint8Array>();
  started.server.on('session', (session) => {
    session.on('message', ({ data }) => {
      got.push(data);
    });
  });
  const proxy = await FaultProxy.start({ targetPort: Number(new URL(started.url).port), lingerMs: 500 });
  onTestFinished(() => proxy.stop());
  return { ...started, proxy, got };
}

/** Defects that were measured in other clients. */
describe('a defect of another client', () => {
  test('a failed upgrade is 1006 and not clean, never a made-up 1000', async () => {
    const { proxy } = await startBehindProxy();
    proxy.nextUpgrade({ status: 502 });
    const socket = openSocket(proxy.url);
    const retries = collect(socket, 'retry');

    await socket.send('hello').delivered;

    expect(retries.items).toMatchObject([{ close: { code: 1006, wasClean: false }, wasOpen: false }]);
  });

  test('a server that is not there is 1006 and not clean', async () => {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    await new Promise((resolve) => http.close(resolve));
    const socket = openSocket(`ws://127.0.0.1:${port}`, { maxRetries: 1 });
    const retries = collect(socket, 'retry');

    const close = await collect(socket, 'close').next();

    expect(retries.items).toMatchObject([{ close: { code: 1006, wasClean: false }, wasOpen: false }]);
    expect(close).toMatchObject({ code: 1006, wasClean: false });
  });

  test.each([1000, 1006, 1012, 4900])('every close of an event is a number (%i)', async (code) => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    const codes: unknown[] = [];
    socket.on('retry', ({ close }) => codes.push(close.code, close.reason, close.wasClean));
    socket.on('close', (close) => codes.push(close.code, close.reason, close.wasClean));

    connection.end(code, 'why', false);

    expect(codes).toEqual([code, 'why', false]);
  });

  test('text is not cut at UTF-16 units: five thousand emoji lose none', async () => {
    const { url, sessions } = await startServer({ maxPacketBytes: 1001 });
    const socket = openSocket(url, { maxPacketBytes: 1001 });
    const text = '🎉'.repeat(5000);
    await socket.send(text).delivered;
    const messages = new Inbox<unknown>();
    (await sessions.next()).on('message', ({ data }) => {
      messages.push(data);
    });

    const received = (await messages.next()) as string;

    expect(received.includes('\ufffd')).toBe(false);
    expect(received === text).toBe(true);
  });

  test('limits count bytes, not characters: no packet of wide text is over the limit', async () => {
    const { socket, server } = openScripted({ maxPacketBytes: 1024 });
    server.isAcking = true;
    const connection = await server.accept();

    await socket.send('漢'.repeat(5000)).delivered;

    expect(Math.max(...connection.packets.map((bytes) => bytes.length))).toBeLessThanOrEqual(1024);
    expect(server.received).toBeGreaterThan(15_000);
  });

  test('after maxRetries there is an end that says so, and a new socket connects: nothing stays locked', async () => {
    const { server, url } = await startServer();
    const first = openSocket(url, { maxRetries: 0, shouldRetry: () => false });
    await first.send('hello').delivered;
    const closes = collect(first, 'close');
    for (const session of server.sessions) session.terminate();
    expect((await closes.next()).error).toMatchObject({ code: 'ERR_HANDSHAKE' });

    const second = openSocket(url);

    await second.send('hello again').delivered;
  });

  test('1009 is read: the message that was too big for a packet arrives in smaller ones', async () => {
    const { proxy, got } = await startBehindProxy();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 8 * KIB, how: 'close-1009' });
    const socket = openSocket(proxy.url);
    const limits = collect(socket, 'limit');
    const bytes = patternBytes(2 * MIB);

    await socket.send(bytes).delivered;

    expect(Buffer.compare((await got.next()) as Uint8Array, bytes)).toBe(0);
    expect(limits.items[0]).toMatchObject({ cause: '1009' });
  });

  test('a message that is too big for the server blocks none behind it, and is not tried again', async () => {
    const { url, sessions } = await startServer({ maxMessageBytes: MIB, maxStreamBytes: MIB });
    const socket = openSocket(url);
    const retries = collect(socket, 'retry');
    await socket.send('hello').delivered;

    const poison = socket.send(new Blob([new Uint8Array(2 * MIB)]));
    const behind = socket.send('behind it');

    await expect(poison.delivered).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG' });
    await behind.delivered;
    expect(retries.items).toEqual([]);
    expect((await sessions.next()).stats().receivedBytes).toBeLessThan(1000);
  });

  test('what was sent before a fault and after it arrives, all of it, once', async () => {
    const { proxy, got } = await startBehindProxy();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 8 * KIB, how: 'drop' });
    const socket = openSocket(proxy.url);
    const texts = Array.from({ length: 200 }, (_, index) => `message ${index}`);

    const transfers = texts.map((text, index) => {
      if (index === 100) socket.send(patternBytes(300_000), { channel: 'big' });
      return socket.send(text);
    });
    await Promise.all(transfers.map(({ delivered }) => delivered));

    const all = await got.take(201);
    expect(all.filter((data) => typeof data === 'string')).toEqual(texts);
  });
});

/** Cases that the study of other clients asks for, and that are not tested elsewhere. */
describe('a hard case', () => {
  test('packets of an old connection that arrive when the new one is open are not heard', async () => {
    const { socket, server, clock } = openScripted({ heartbeatMs: 1000 });
    const messages = collect(socket, 'message');
    const first = await server.accept();
    const { sent } = server;
    for (let time = 0; time < 30 && server.sockets.length === 1; time++) {
      clock.advance(1000);
      await settle();
    }
    const second = await server.accept();

    first.stream(messageFrame('from the grave'));
    server.sent = sent;
    first.deliverText('not even a violation');
    second.stream(messageFrame('alive'));
    await settle();

    expect(messages.items.map(({ data }) => data)).toEqual(['alive']);
    expect(socket.status).toBe('open');
  });

  test('1009 with wasClean false is 1009', async () => {
    const { socket, server, clock } = openScripted();
    server.maxPacketBytes = 8 * KIB;
    const limits = collect(socket, 'limit');
    const transfer = socket.send(patternBytes(100_000));
    const connection = await server.accept();
    await settle();

    connection.end(1009, '', false);
    clock.advance(50);
    server.isAcking = true;
    await server.accept();
    await transfer.delivered;

    expect(limits.items[0]).toMatchObject({ cause: '1009', fromBytes: 16 * KIB });
    expect(socket.stats().limitCeilingBytes).toBe(16 * KIB);
  });

  test('plain losses on a bad network do not shrink the limit for good', async () => {
    const { proxy, got } = await startBehindProxy();
    const socket = openSocket(proxy.url);
    await socket.send(patternBytes(4 * MIB)).delivered;
    const before = socket.stats().limitBytes;
    const upload = socket.send(patternBytes(8 * MIB, 2));
    for (let cut = 1; cut <= 12; cut++) {
      await proxy.waitFor('open', cut);
      await new Promise<void>((resolve) => {
        proxy.connections.at(-1)?.afterBytes('toServer', 200 * KIB + cut * 7919, resolve);
      });
      proxy.cutAll(cut % 2 === 0 ? 'fin' : 'rst');
      await proxy.waitFor('open', cut + 1);
    }
    await upload.delivered;
    // How soon a packet is as large again depends on how busy the machine is.
    const sendMore = async (): Promise<number> => {
      await socket.send(patternBytes(4 * MIB)).delivered;
      return socket.stats().limitBytes;
    };
    await expect.poll(sendMore).toBeGreaterThanOrEqual(before);
    const [, second] = await got.take(3);
    expect(Buffer.compare(second as Uint8Array, patternBytes(8 * MIB, 2))).toBe(0);
  });

  test('HELLO, ACKs and credit obey a limit of 512 bytes, too, when the handshake fits it', async () => {
    const { proxy, got, sessions } = await startBehindProxy();
    const socket = openSocket(proxy.url);
    const incoming = collect(socket, 'message');
    await socket.send('hello').delivered;
    for (const direction of ['toServer', 'toClient'] as const) {
      proxy.connections[0]?.limitMessages({ direction, maxBytes: 512, how: 'close-1009' });
      proxy.faults.limits.push({ direction, maxBytes: 1000, how: 'close-1009' });
    }
    const session = await sessions.next();

    const up = socket.send(patternBytes(100_000, 1));
    const down = session.send(patternBytes(100_000, 2));
    await Promise.all([up.delivered, down.delivered]);

    const { data } = await incoming.next();
    expect(Buffer.compare(new Uint8Array(data as ArrayBuffer), patternBytes(100_000, 2))).toBe(0);
    const [, received] = await got.take(2);
    expect(Buffer.compare(received as Uint8Array, patternBytes(100_000, 1))).toBe(0);
  });

  test('a server that stops reading instead of closing is found out by the stall, not by its close', async () => {
    const { proxy, got } = await startBehindProxy();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 8 * KIB, how: 'half-open' });
    const clock = new SkipClock();
    const socket = openSocket(proxy.url, { clock });
    const retries = collect(socket, 'retry');
    const transfer = socket.send(patternBytes(100_000));
    await proxy.waitFor('half-open');

    for (let second = 0; second < 15 && retries.items.length === 0; second++) {
      clock.skip(1000);
      await settle();
    }
    await transfer.delivered;

    expect(retries.items[0]).toMatchObject({ close: { code: 4908 } });
    expect(((await got.next()) as Uint8Array).length).toBe(100_000);
  });

  test('a small message overtakes a transfer of 50 MB', async () => {
    const { proxy } = await startBehindProxy();
    proxy.faults.shape = { bytesPerSecond: 32 * MIB };
    const socket = openSocket(proxy.url);
    const big = socket.send(new Blob([new Uint8Array(50 * MIB)]), { channel: 'big', priority: 'low' });
    await new Promise<void>((resolve) => {
      big.on('progress', () => {
        resolve();
      });
    });

    await socket.send('small').delivered;

    expect(big.state).toBe('sending');
    expect(big.ackedBytes).toBeLessThan(25 * MIB);
    big.abort();
  });

  test('HELLO is the only packet that carries the secret', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    const { secret, session } = connection.hello;
    socket.send('hello');
    await settle();

    const [hello, ...others] = connection.packets;

    expect(secret).toMatch(/^[\w-]{22,64}$/);
    expect(session).toMatch(/^[\w-]{21,64}$/);
    expect(decodePacket(hello as Uint8Array)).toMatchObject({ kind: 'hello' });
    expect(others.every((bytes) => !Buffer.from(bytes).includes(secret))).toBe(true);
    expect(connection.url).not.toContain(secret);
  });
});
