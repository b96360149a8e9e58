import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { encodeFields } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import type { Hello } from '../../src/protocol/hello.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { decodePacket, encodeAck, WELCOME } from '../../src/protocol/packet.ts';
import { pack } from '../../src/protocol/bytes.ts';
import { encodeWelcome } from '../../src/protocol/welcome.ts';
import type { EstablishedWelcome } from '../../src/protocol/welcome.ts';
import { handleProtocols } from '../../src/server/subprotocol.ts';
import { collect, openScripted, openSocket, outcomeOf } from '../client/support.ts';
import { Inbox } from '../support/inbox.ts';
import { settle } from '../support/manual-clock.ts';
import { dataFrame, messageFrame, streamPacket } from '../support/raw-peer.ts';
import { concat, varint } from './bytes.ts';
import { MemoryWatch, SLACK_BYTES, startTarget } from './rig.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const CREDIT = 16_384;
const MESSAGE_COST = 64;

/** One connection of a client, all of whose answers are the test's. */
interface EvilConnection {
  readonly socket: WebSocket;
  readonly hello: Hello;
  /** Packets that came behind HELLO. */
  readonly packets: Inbox<Uint8Array>;
  readonly closed: Promise<{ code: number; reason: string }>;
  welcome(more?: Partial<EstablishedWelcome>): void;
}

/** A server that agrees on the protocol, and then does what the test wants. */
async function startEvilServer(): Promise<{ url: string; connections: Inbox<EvilConnection> }> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols });
  const connections = new Inbox<EvilConnection>();
  wss.on('connection', (socket) => {
    const packets = new Inbox<Uint8Array>();
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.once('message', (first: Buffer) => {
      const packet = decodePacket(new Uint8Array(first));
      if (typeof packet === 'string' || packet.kind !== 'hello') throw new Error('The client did not say HELLO.');
      const hello = JSON.parse(Buffer.from(packet.body).toString()) as Hello;
      socket.on('message', (data: Buffer) => {
        packets.push(new Uint8Array(data));
      });
      const welcome = (more: Partial<EstablishedWelcome> = {}): void => {
        const result = hello.expected ? 'resumed' : 'new';
        const counts = { received: 0, streamEnd: 0 };
        socket.send(
          encodeWelcome({ version: 1, result, protocol: '', resumeMs: 1000, ...counts, ...DEFAULT_TERMS, ...more }),
        );
      };
      connections.push({ socket, hello, packets, closed, welcome });
    });
  });
  await once(wss, 'listening');
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  });
  return { url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`, connections };
}

describe('a server that sends more than it may ends its own session, and no other', () => {
  test.each<[string, readonly Uint8Array[], string]>([
    [
      'a packet of 32 MiB, all of it beyond the credit',
      [streamPacket(0, messageFrame(new Uint8Array(32 << 20)))],
      'credit-exceeded',
    ],
    [
      'more than maxMessageBytes, as a total',
      [
        streamPacket(
          0,
          dataFrame(new Uint8Array(1), 9, { channel: 1, total: MAX, fields: encodeFields({ name: 'a' }) }),
        ),
      ],
      'message-too-big',
    ],
    [
      '257 empty messages',
      [streamPacket(0, concat(...Array.from({ length: 257 }, () => messageFrame(''))))],
      'credit-exceeded',
    ],
    [
      'a 65th channel',
      [
        streamPacket(
          0,
          concat(...Array.from({ length: 64 }, (_, index) => messageFrame('', index + 1, { name: `c${index}` }))),
        ),
      ],
      'too-many-channels',
    ],
    [
      'a varint above 2^53 - 1',
      [streamPacket(0, Uint8Array.of(0x41, 0xff, 255, 255, 255, 255, 255, 255, 255))],
      'bad-varint',
    ],
    [
      'a frame cut by a packet that never was',
      [streamPacket(0, Uint8Array.of(0x43)), streamPacket(0, Uint8Array.of(0x43))],
      'offset-mismatch',
    ],
    ['an ACK of 2^53 - 1', [encodeAck(true, MAX)], 'ack-beyond-sent'],
    ['WELCOME once more', [encodeWelcome({ version: 1, result: 'gone' })], 'unexpected-welcome'],
    ['4 MiB of zeros', [new Uint8Array(4 << 20)], 'unknown-packet'],
  ])('%s', async (_, packets, violation) => {
    const { url, connections } = await startEvilServer();
    const good = await startTarget();
    const memory = new MemoryWatch();
    await good.during(async () => {
      const socket = openSocket(url, { maxMessageBytes: 1 << 20, maxStreamBytes: 1 << 20 });
      const closes = collect(socket, 'close');
      const connection = await connections.next();
      connection.welcome();
      const outcome = outcomeOf(socket.send('waits').delivered);
      for (const packet of packets) connection.socket.send(packet);
      expect(await closes.next()).toMatchObject({ code: 4900, reason: violation, wasClean: false });
      expect(await connection.closed).toEqual({ code: 4900, reason: violation });
      expect(await outcome).toMatchObject({ code: 'ERR_CLOSED' });
    });
    await expect.poll(() => memory.heldBytes()).toBeLessThan(packetBytes(packets) + SLACK_BYTES);
    // It does not come back for more.
    expect(connections.items).toHaveLength(0);
  });
});

function packetBytes(packets: readonly Uint8Array[]): number {
  return packets.reduce((sum, { length }) => sum + length, 0);
}

describe('messages that never end', () => {
  test('on all channels hold no more than the stated bound, whatever their totals', async () => {
    const { url, connections } = await startEvilServer();
    const terms = { maxMessageBytes: 1 << 20, poolBytes: 2 << 20, maxOpenChannels: 16 };
    const boundBytes = terms.maxOpenChannels * CREDIT + terms.poolBytes;
    const socket = openSocket(url, terms);
    socket.on('message', () => undefined);
    const connection = await connections.next();
    connection.welcome();
    const memory = new MemoryWatch();
    let offset = 0;
    const stream = (frame: Uint8Array): void => {
      connection.socket.send(streamPacket(offset, frame));
      offset += frame.length;
    };
    for (let channel = 0; channel < terms.maxOpenChannels; channel++) {
      const fields = channel === 0 ? new Uint8Array() : encodeFields({ name: `c${channel}` });
      const flags = DataFlag.first | DataFlag.total;
      const rest = CREDIT - MESSAGE_COST - fields.length;
      const total = channel % 2 === 0 ? 1 << 20 : MAX;
      const isNamed = fields.length > 0;
      stream(dataFrame(new Uint8Array(rest), flags, { channel, total, ...(isNamed && { fields }) }));
    }
    // The last packet asks for an ACK: what came before it was read.
    connection.socket.send(encodeAck(true, 0));
    for (let acked = 0; acked < offset;) {
      const packet = decodePacket(await connection.packets.next());
      if (typeof packet === 'object' && packet.kind === 'stream') acked = packet.ack;
    }
    expect(socket.status).toBe('open');
    expect(memory.heldBytes()).toBeLessThan(boundBytes + SLACK_BYTES);
  });

  test('in a frame of an unknown type are skipped as they come', async () => {
    const { url, connections } = await startEvilServer();
    const socket = openSocket(url);
    const connection = await connections.next();
    connection.welcome();
    const memory = new MemoryWatch();
    const head = concat(Uint8Array.of(0x3f), varint(MAX));
    connection.socket.send(streamPacket(0, head));
    const part = new Uint8Array(1 << 20);
    for (let sent = 0; sent < 16; sent++) {
      const end = head.length + sent * part.length;
      connection.socket.send(streamPacket(end, part));
      for (let acked = 0; acked < end + part.length;) {
        const packet = decodePacket(await connection.packets.next());
        if (typeof packet === 'object' && packet.kind === 'stream') acked = packet.ack;
      }
    }
    expect(socket.status).toBe('open');
    expect(memory.heldBytes()).toBeLessThan(2 * SLACK_BYTES);
  });
});

describe('a WELCOME with absurd terms', () => {
  const huge = {
    maxPacketBytes: MAX,
    maxMessageBytes: MAX,
    initialChannelCredit: MAX,
    poolBytes: MAX,
    maxOpenChannels: 65_536,
    resumeMs: MAX,
  };

  test('as large as can be: packets stay within our own limit, and messages arrive', async () => {
    const { url, connections } = await startEvilServer();
    const memory = new MemoryWatch();
    const socket = openSocket(url, { maxPacketBytes: 65_536 });
    const connection = await connections.next();
    connection.welcome({ ...huge, limit: { floor: MAX, ceiling: 0 } });
    const bytes = 4 << 20;
    const transfer = socket.send(new Uint8Array(bytes));
    const delivered = transfer.delivered.then(() => undefined);
    for (;;) {
      const bytesOfPacket = await Promise.race([connection.packets.next(), delivered]);
      if (bytesOfPacket === undefined) break;
      expect(bytesOfPacket.length).toBeLessThanOrEqual(65_536);
      const packet = decodePacket(bytesOfPacket);
      if (typeof packet === 'string' || packet.kind !== 'stream') throw new Error('The client sent something else.');
      // One that only acknowledges may come behind early data.
      if (packet.slice.length === 0) continue;
      connection.socket.send(encodeAck(false, packet.offset + packet.slice.length));
    }
    expect(memory.heldBytes()).toBeLessThan(bytes + 2 * SLACK_BYTES);
  });

  test('as small as can be: what does not fit fails, what does arrives, and nobody loops', async () => {
    const { socket, server, clock } = openScripted();
    const connection = await server.accept({
      maxPacketBytes: 512,
      maxMessageBytes: 0,
      initialChannelCredit: CREDIT,
      poolBytes: 8192,
      maxOpenChannels: 1,
      resumeMs: 0,
    });
    const refused = outcomeOf(socket.send('x').delivered);
    const empty = socket.send('');
    const named = outcomeOf(socket.send('', { channel: 'other' }).delivered);
    await settle();
    clock.advance(1000);
    await settle();
    connection.ack();
    await empty.delivered;
    expect(await refused).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG' });
    expect(await named).toMatchObject({ code: 'ERR_REJECTED' });
    expect(connection.packets.every(({ length }) => length <= 4096)).toBe(true);
    expect(connection.packets.length).toBeLessThan(10);
  });

  test('that says it wrote more than it ever will: nothing is called delivered, and memory stays within its bound', async () => {
    const { url, connections } = await startEvilServer();
    const maxBufferedBytes = 1 << 20;
    const socket = openSocket(url, { maxBufferedBytes });
    const connection = await connections.next();
    connection.welcome({ ...huge, streamEnd: MAX });
    const memory = new MemoryWatch();
    const outcomes: Promise<unknown>[] = [];
    for (let count = 0; count < 100; count++) outcomes.push(outcomeOf(socket.send(new Uint8Array(100_000)).delivered));
    for (let acked = 0; acked < 500_000;) {
      const packet = decodePacket(await connection.packets.next());
      if (typeof packet !== 'object' || packet.kind !== 'stream') continue;
      acked = packet.offset + packet.slice.length;
      connection.socket.send(encodeAck(false, acked));
    }
    // Those that did not fit failed at once, and of the others not one is told to be there.
    expect(await outcomes[99]).toMatchObject({ code: 'ERR_BUFFER_FULL' });
    expect(await Promise.race([outcomes[0], settle()])).toBeUndefined();
    expect(memory.heldBytes()).toBeLessThan(4 * maxBufferedBytes + SLACK_BYTES);
  });

  test('with __proto__ in it, and in the meta of a message, changes no other object', async () => {
    const { url, connections } = await startEvilServer();
    const socket = openSocket(url);
    const messages = collect(socket, 'message');
    const connection = await connections.next();
    const members = {
      version: 1,
      result: 'new',
      protocol: '',
      received: 0,
      streamEnd: 0,
      resumeMs: 1,
      ...DEFAULT_TERMS,
    };
    const json = `${JSON.stringify(members).slice(0, -1)},"__proto__":{"isAdmin":true,"route":"x y"}}`;
    connection.socket.send(pack(WELCOME, json));
    // The field of the meta, key 2, in raw form.
    const meta = pack('{"__proto__":{"isAdmin":true}}');
    connection.socket.send(
      streamPacket(0, dataFrame(pack('hi'), 7, { fields: concat(Uint8Array.of(2, meta.length), meta) })),
    );
    const message = await messages.next();
    expect(message.data).toBe('hi');
    expect(Object.keys(message.meta as object)).toEqual(['__proto__']);
    expect(Object.prototype).not.toHaveProperty('isAdmin');
  });
});

describe('what makes a client come back again and again', () => {
  /** How many connections a client opens in an hour of a server's doing. */
  async function connectionsInAnHour(
    answer: (scripted: ReturnType<typeof openScripted>, index: number) => void,
  ): Promise<number> {
    const scripted = openScripted({ auth: () => 'secret' });
    const { server, clock, socket } = scripted;
    socket.send('something');
    let answered = 0;
    for (let second = 0; second < 3600; second++) {
      // At most so many in one second: beyond it the client would be in a loop of its own.
      for (let count = 0; count < 100; count++) {
        await settle();
        if (server.sockets.length === answered) break;
        answer(scripted, answered++);
      }
      clock.advance(1000);
    }
    return answered;
  }

  test.each<[string, (scripted: ReturnType<typeof openScripted>, index: number) => void]>([
    [
      'WELCOME and 1006 at once',
      ({ server }, index) => {
        server.sockets[index]?.accept().end();
      },
    ],
    [
      'gone, a new session, and 1006',
      ({ server }, index) => {
        const connection = server.sockets[index];
        if (index === 0) connection?.accept().end();
        else connection?.forget().answer().end();
      },
    ],
    [
      '1013 without WELCOME',
      ({ server }, index) => {
        server.sockets[index]?.open();
        server.sockets[index]?.end(1013, 'too many sessions', true);
      },
    ],
    [
      '4905 without WELCOME',
      ({ server }, index) => {
        server.sockets[index]?.open();
        server.sockets[index]?.end(4905, 'handshake timeout', true);
      },
    ],
  ])('(%s) brings it back no more often than its backoff says', async (_, answer) => {
    // Half of the longest delay, on average, is 15 s: 240 an hour, and the quick ones at first.
    const count = await connectionsInAnHour(answer);
    expect(count).toBeGreaterThan(1);
    expect(count).toBeLessThan(400);
  });
});
