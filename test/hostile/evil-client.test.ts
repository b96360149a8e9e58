import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeControl, encodeFields } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import { encodeAck } from '../../src/protocol/packet.ts';
import { concat, varint } from './bytes.ts';
import { clientFrame, openTcp } from './raw-tcp.ts';
import { dataFrame, helloPacket, messageFrame, newSession, RawPeer, streamPacket } from '../support/raw-peer.ts';
import { LONG_MS, MemoryWatch, SLACK_BYTES, startTarget, usedBytes } from './rig.ts';

const CREDIT = 16_384;
const MESSAGE_COST = 64;

/** The newest credit of each channel, of what has come. */
async function takeCredit(peer: RawPeer, limits: Map<number, number>): Promise<void> {
  for (const frame of await peer.controls.take(peer.controls.items.length)) {
    if (frame.type === 'credit') limits.set(frame.channel, Math.max(limits.get(frame.channel) ?? 0, frame.limit));
  }
}

/** The server has read all that was sent, and said what it had to say to it. */
async function settled(peer: RawPeer): Promise<void> {
  peer.send(encodeAck(true, peer.received));
  for (let acked = -1; acked < peer.sent;) {
    const answer = await Promise.race([peer.acks.next(), peer.closed]);
    if (typeof answer === 'object') throw new Error(`It was closed with ${answer.code} ${answer.reason}.`);
    acked = answer;
  }
}

describe('messages that never end', { timeout: LONG_MS }, () => {
  test('on every channel, up to all the credit that is given, hold no more than the stated bound', async () => {
    const terms = { maxMessageBytes: 1 << 20, poolBytes: 2 << 20, maxOpenChannels: 16 };
    const boundBytes = terms.maxOpenChannels * CREDIT + terms.poolBytes;
    const target = await startTarget(terms, {}, (session) => {
      session.on('message', () => undefined);
    });
    const peer = await RawPeer.join(target.url);
    const memory = new MemoryWatch();
    await target.during(async () => {
      const limits = new Map<number, number>();
      const used = new Map<number, number>();
      for (let channel = 0; channel < terms.maxOpenChannels; channel++) {
        const fields = channel === 0 ? undefined : encodeFields({ name: `c${channel}` });
        // Half of them say how long they are, and the other half do not.
        const known = channel % 2 === 0 ? { total: terms.maxMessageBytes } : {};
        const flags = DataFlag.first | (channel % 2 === 0 ? DataFlag.total : 0);
        peer.stream(dataFrame(new Uint8Array(100), flags, { channel, ...known, ...(fields && { fields }) }));
        used.set(channel, MESSAGE_COST + (fields?.length ?? 0) + 100);
        limits.set(channel, CREDIT);
      }
      for (let isGrowing = true; isGrowing;) {
        isGrowing = false;
        for (const [channel, limit] of limits) {
          const cost = used.get(channel) ?? 0;
          const mostBytes = terms.maxMessageBytes + MESSAGE_COST - 1000;
          const room = Math.min(limit, mostBytes) - cost;
          if (room <= 0) continue;
          isGrowing = true;
          for (let sent = 0; sent < room; sent += 60_000) {
            peer.stream(dataFrame(new Uint8Array(Math.min(60_000, room - sent)), 0, { channel }));
          }
          used.set(channel, cost + room);
          if (cost + room < mostBytes) {
            const limitBytes = cost + room;
            peer.stream(encodeControl({ type: 'blocked', channel, limit: limitBytes }));
          }
        }
        await settled(peer);
        await takeCredit(peer, limits);
        await settled(peer);
      }
      // Somebody else's big message needs none of that room.
      await target.bystander.echo(900_000);
    });
    expect(target.server.stats().waitingSessions).toBe(0);
    const { incomingBytes } = target.server.stats();
    expect(incomingBytes).toBeGreaterThan(terms.poolBytes / 2);
    expect(incomingBytes).toBeLessThanOrEqual(boundBytes);
    expect(memory.heldBytes()).toBeLessThan(boundBytes + SLACK_BYTES);
    // One byte more than it was given, and all of it is free.
    peer.stream(dataFrame(new Uint8Array(2 << 20), 0, { channel: 1 }));
    expect(await peer.closed).toEqual({ code: 4900, reason: 'credit-exceeded' });
    await expect.poll(() => target.server.stats().incomingBytes).toBe(0);
    await expect.poll(() => memory.heldBytes()).toBeLessThan(SLACK_BYTES);
  });

  test('of 100 sessions, each within the credit that needs no asking, are as many times that and no more', async () => {
    const sessions = 100;
    const target = await startTarget();
    const memory = new MemoryWatch();
    const peers: RawPeer[] = [];
    await target.during(async () => {
      const total = 64 << 20;
      const begin = dataFrame(new Uint8Array(CREDIT - MESSAGE_COST), DataFlag.first | DataFlag.total, { total });
      while (peers.length < sessions) {
        const joined = await Promise.all(Array.from({ length: 20 }, () => RawPeer.join(target.url)));
        for (const peer of joined) peer.stream(begin);
        peers.push(...joined);
      }
      await expect.poll(() => target.server.stats().incomingBytes).toBeGreaterThanOrEqual(sessions * CREDIT);
    });
    expect(target.server.stats().incomingBytes).toBe(sessions * CREDIT);
    expect(memory.heldBytes()).toBeLessThan(2 * sessions * CREDIT + 2 * SLACK_BYTES);
    for (const peer of peers) peer.cut();
  });

  test('with a total of 2^53 - 1 are refused alone where they are too big, and reserve nothing', async () => {
    const target = await startTarget({ maxStreamBytes: 1 << 20, maxMessageBytes: 1 << 20 });
    const memory = new MemoryWatch();
    await target.during(async () => {
      for (let count = 0; count < 50; count++) {
        const peer = await RawPeer.join(target.url);
        const total = Number.MAX_SAFE_INTEGER;
        peer.stream(dataFrame(new Uint8Array(1), DataFlag.first | DataFlag.total, { total }));
        expect(await peer.controls.next()).toMatchObject({ type: 'reject', code: 1, value: 1 << 20 });
        const fields = encodeFields({ name: 'more' });
        peer.stream(dataFrame(new Uint8Array(1), DataFlag.first | DataFlag.total, { channel: 1, total, fields }));
        expect(await peer.closed).toEqual({ code: 4900, reason: 'message-too-big' });
      }
    });
    expect(memory.peakBytes).toBeLessThan(20 * SLACK_BYTES);
    expect(memory.heldBytes()).toBeLessThan(SLACK_BYTES);
  });
});

describe('tiny messages', { timeout: LONG_MS }, () => {
  test('that nobody takes are 256 empty ones at most: the next one is credit-exceeded', async () => {
    const target = await startTarget();
    await target.during(async () => {
      const peer = await RawPeer.join(target.url);
      peer.stream(...Array.from({ length: CREDIT / MESSAGE_COST }, () => messageFrame('')));
      await settled(peer);
      expect(target.server.stats().incomingBytes).toBeGreaterThanOrEqual(CREDIT);
      peer.stream(messageFrame(''));
      expect(await peer.closed).toEqual({ code: 4900, reason: 'credit-exceeded' });
    });
  });

  test('leave nothing behind when they are taken, however many there were', async () => {
    let taken = 0;
    const target = await startTarget({}, {}, (session) => {
      session.on('message', () => taken++);
    });
    const peer = await RawPeer.join(target.url);
    // As many as half of the credit of a channel is enough for: so much is always left.
    const atOnce = 125;
    const tiny = concat(...Array.from({ length: atOnce }, () => messageFrame('x')));
    const before = usedBytes();
    await target.during(async () => {
      for (let sent = atOnce; sent <= 50_000; sent += atOnce) {
        peer.stream(tiny);
        // All that came was taken, so that the credit for what follows is given.
        await settled(peer);
        await peer.controls.take(peer.controls.items.length);
        if (taken !== sent) throw new Error(`${taken} of ${sent} were taken.`);
      }
    });
    expect(target.server.stats().incomingBytes).toBe(0);
    expect(usedBytes() - before).toBeLessThan(2 * SLACK_BYTES);
  });

  test('of one byte that are frames of one message cost what they hold, and a little', async () => {
    const target = await startTarget({}, {}, (session) => {
      session.on('message', () => undefined);
    });
    const peer = await RawPeer.join(target.url);
    const total = 500_000;
    peer.stream(dataFrame(new Uint8Array(1), DataFlag.first | DataFlag.total, { total }));
    await peer.controls.next();
    const frames = concat(...Array.from({ length: 5000 }, () => dataFrame(new Uint8Array(1), 0)));
    const before = usedBytes();
    await target.during(async () => {
      // All but the last.
      for (let sent = 5000; sent < total; sent += 5000) {
        peer.stream(frames);
        await settled(peer);
      }
    });
    expect(target.server.stats().incomingBytes).toBe(MESSAGE_COST + 1 + total - 5000);
    expect(usedBytes() - before).toBeLessThan(total + SLACK_BYTES);
  });
});

test('a frame of an unknown type and 2^53 - 1 bytes is skipped as it comes, and kept nowhere', async () => {
  const target = await startTarget();
  const peer = await RawPeer.join(target.url);
  const memory = new MemoryWatch();
  const bytes = 16 << 20;
  await target.during(async () => {
    peer.stream(concat(Uint8Array.of(0x3f), varint(Number.MAX_SAFE_INTEGER)));
    const part = new Uint8Array(64 << 10);
    for (let sent = 0; sent < bytes; sent += part.length) {
      peer.stream(part);
      if (sent % (1 << 20) === 0) await settled(peer);
    }
    await settled(peer);
  });
  expect(target.server.stats().incomingBytes).toBe(0);
  expect(memory.heldBytes()).toBeLessThan(SLACK_BYTES);
});

describe('who asks and does not read', { timeout: LONG_MS }, () => {
  test('has its answers held up to a bound: probes', async () => {
    const target = await startTarget();
    const { socket } = await openTcp(target.url);
    socket.write(clientFrame(helloPacket(newSession())));
    const made = await target.sessions.next();
    const memory = new MemoryWatch();
    const probes = concat(...Array.from({ length: 5000 }, () => clientFrame(encodeAck(true, 0))));
    socket.pause();
    await target.during(async () => {
      for (let count = 0; count < 30; count++) {
        if (!socket.write(probes)) await new Promise((resolve) => socket.once('drain', resolve));
      }
      await expect.poll(() => made.stats().receivedPackets, { timeout: LONG_MS }).toBe(150_000);
    });
    expect(memory.heldBytes()).toBeLessThan((8 << 20) + SLACK_BYTES);
    expect(made.status).toBe('open');
  });

  test('has its answers held up to a bound: pings of WebSocket', async () => {
    const target = await startTarget();
    const { socket } = await openTcp(target.url);
    socket.write(clientFrame(helloPacket(newSession())));
    const made = await target.sessions.next();
    const memory = new MemoryWatch();
    const pings = concat(...Array.from({ length: 5000 }, () => clientFrame(new Uint8Array(125), { opcode: 0x9 })));
    socket.pause();
    await target.during(async () => {
      // As much as the kernel keeps, and then some.
      for (let count = 0; count < 100 && socket.writable; count++) {
        if (!socket.write(pings)) {
          await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
        }
      }
      socket.destroy();
      await expect.poll(() => made.status).toBe('waiting');
    });
    expect(memory.heldBytes()).toBeLessThan((8 << 20) + SLACK_BYTES);
  });
});

describe('a compression bomb', () => {
  const bomb = deflateRawSync(Buffer.alloc(200 << 20), { finishFlush: constants.Z_SYNC_FLUSH });

  test.each<[string, boolean]>([
    ['instead of HELLO', false],
    ['in a session', true],
  ])('%s is 1009 before it has unfolded', async (_, isInSession) => {
    const target = await startTarget({}, { maxPayload: 1 << 20, perMessageDeflate: true });
    const memory = new MemoryWatch();
    await target.during(async () => {
      for (let count = 0; count < 5; count++) {
        const { socket, closed } = await openTcp(target.url, 'permessage-deflate');
        if (isInSession) socket.write(clientFrame(helloPacket(newSession())));
        socket.write(clientFrame(bomb.subarray(0, -4), { rsv1: true }));
        expect(await closed).toBe(1009);
      }
    });
    expect(bomb.length).toBeLessThan(1 << 20);
    expect(memory.peakBytes).toBeLessThan(8 * SLACK_BYTES);
    expect(memory.heldBytes()).toBeLessThan(SLACK_BYTES);
    expect(target.server.stats()).toMatchObject({ sessions: isInSession ? 6 : 1, arrivingConnections: 0 });
  });
});

describe('counts that cannot be', () => {
  test.each<[string, (peer: RawPeer) => void, string]>([
    [
      'an overlap of one byte',
      (peer) => {
        peer.stream(messageFrame('one'));
        peer.send(streamPacket(peer.sent - 1, messageFrame('two')));
      },
      'offset-mismatch',
    ],
    [
      'the same slice twice',
      (peer) => {
        peer.stream(messageFrame('one'));
        peer.send(streamPacket(0, messageFrame('one')));
      },
      'offset-mismatch',
    ],
    [
      'an ACK of 2^53 - 1',
      (peer) => {
        peer.send(encodeAck(false, Number.MAX_SAFE_INTEGER));
      },
      'ack-beyond-sent',
    ],
    [
      'a varint above 2^53 - 1',
      (peer) => {
        peer.send(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
      },
      'bad-varint',
    ],
  ])('%s: 4900, and nobody else notices', async (_, misbehave, violation) => {
    const target = await startTarget();
    await target.during(async () => {
      const peer = await RawPeer.join(target.url);
      const session = await target.sessions.next();
      misbehave(peer);
      expect(await peer.closed).toEqual({ code: 4900, reason: violation });
      await expect.poll(() => session.status).toBe('closed');
    });
  });

  test('an ACK that falls is ack-regressed', async () => {
    const target = await startTarget({}, {}, (session) => {
      session.send('something');
    });
    await target.during(async () => {
      const peer = await RawPeer.join(target.url);
      await peer.messages.next();
      await settled(peer);
      peer.send(encodeAck(false, 0));
      expect(await peer.closed).toEqual({ code: 4900, reason: 'ack-regressed' });
    });
  });

  test.each([
    ['received', Number.MAX_SAFE_INTEGER],
    ['received', 1],
  ])('%s of %d in a HELLO that resumes is received-regressed, and ends that session', async (name, value) => {
    const target = await startTarget();
    const session = newSession();
    await target.during(async () => {
      await RawPeer.join(target.url, session);
      const made = await target.sessions.next();
      const peer = await RawPeer.open(target.url);
      peer.hello({ ...session, connection: 2, expected: true, [name]: value });
      await peer.welcome();
      expect(await peer.closed).toEqual({ code: 4900, reason: 'received-regressed' });
      await expect.poll(() => made.status).toBe('closed');
    });
  });
});
