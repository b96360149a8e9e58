import { describe, expect, test } from 'vitest';
import { pack } from '../../src/protocol/bytes.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { encodeAck, HELLO } from '../../src/protocol/packet.ts';
import { encodeWelcome } from '../../src/protocol/welcome.ts';
import { helloPacket, messageFrame, newSession, RawPeer, streamPacket } from '../support/raw-peer.ts';
import { clientFrame, openTcp } from './raw-tcp.ts';
import { LONG_MS, SLACK_BYTES, startTarget, usedBytes } from './rig.ts';

const hello = (json: string): Uint8Array => pack(HELLO, json);
const members = { version: 1, connection: 1, expected: false, received: 0, streamEnd: 0, ...DEFAULT_TERMS };
/** The JSON of a HELLO, with more of it in raw form. */
const helloWith = (more: string): Uint8Array =>
  hello(`${JSON.stringify({ ...members, ...newSession() }).slice(0, -1)},${more}}`);
const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

describe('a first packet that is no HELLO', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'empty-packet'],
    ['of an unknown kind', Uint8Array.of(0x7f, 1, 2, 3), 'unknown-packet'],
    ['STREAM', streamPacket(0, messageFrame('too early')), 'data-before-hello'],
    ['an ACK', encodeAck(true, 2 ** 53 - 1), 'data-before-hello'],
    ['WELCOME', encodeWelcome({ version: 1, result: 'gone' }), 'unexpected-welcome'],
    ['a varint that is cut off', Uint8Array.of(0x10, 0xff), 'bad-varint'],
    ['a HELLO of 1 MB', hello(`"${'x'.repeat(1_000_000)}"`), 'hello-too-big'],
  ])('(%s) is closed with 4900, and makes nothing', async (_, packet, violation) => {
    const target = await startTarget();
    await target.during(async () => {
      for (let count = 0; count < 20; count++) {
        const peer = await RawPeer.open(target.url);
        peer.send(packet);
        expect(await peer.closed).toEqual({ code: 4900, reason: violation });
      }
    });
    expect(target.server.stats()).toMatchObject({ sessions: 1, arrivingConnections: 0, tombstones: 0 });
  });
});

describe('a HELLO that is made to do harm', () => {
  test.each<[string, Uint8Array]>([
    ['lists 2,000 deep', hello(nested(2000, '[', ']'))],
    ['objects 600 deep', hello(`${'{"a":'.repeat(600)}1${'}'.repeat(600)}`)],
    ['that never ends', hello('['.repeat(4000))],
    ['in a byte order mark', hello(`\uFEFF${JSON.stringify({ ...members, ...newSession() })}`)],
    ['in UTF-16', pack(HELLO, Buffer.from(JSON.stringify({ ...members, ...newSession() }), 'utf16le'))],
    ['whose members are behind __proto__', hello(`{"__proto__":${JSON.stringify({ ...members, ...newSession() })}}`)],
    ['that takes expected from __proto__', helloWith('"expected":null,"__proto__":{"expected":false}')],
    ['with a connection of 1e309', helloWith('"connection":1e309')],
    ['with a connection of 2^53', helloWith('"connection":9007199254740992')],
    ['with a session id that is an object', helloWith('"session":{"length":22}')],
    ['with a session id that is __proto__', helloWith('"session":"__proto__"')],
    ['with a secret of 65 characters', helloWith(`"secret":"${'s'.repeat(65)}"`)],
    ['with 17 protocols', helloWith(`"protocols":[${'"a",'.repeat(16)}"a"]`)],
    ['with terms below zero', helloWith('"poolBytes":-1')],
  ])('(%s) is bad-hello', async (_, packet) => {
    const target = await startTarget();
    await target.during(async () => {
      const peer = await RawPeer.open(target.url);
      peer.send(packet);
      expect(await peer.closed).toEqual({ code: 4900, reason: 'bad-hello' });
    });
    expect(target.server.stats().sessions).toBe(1);
  });

  test('(auth that is nested, or has a __proto__) reaches authorize as it is, and changes no other object', async () => {
    const asked: unknown[] = [];
    const target = await startTarget({
      authorize: ({ auth }) => {
        asked.push(auth);
        return true;
      },
    });
    const evil = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"toString":1}';
    const deep = nested(1500, '[', ']');
    await target.during(async () => {
      for (const auth of [evil, deep]) {
        const peer = await RawPeer.open(target.url);
        peer.send(helloWith(`"auth":${auth},"__proto__":{"isAdmin":true}`));
        expect(await peer.welcome()).toMatchObject({ result: 'new' });
      }
    });
    const [, first, second] = asked as [unknown, object, unknown];
    expect(Object.keys(first)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype);
    expect(JSON.stringify(second)).toBe(deep);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('isAdmin');
  });

  test('(a session named as a member of every object) is a session like any other', async () => {
    const target = await startTarget();
    for (const session of ['__proto__'.padEnd(22, '_'), 'constructor'.padEnd(22, '-')]) {
      await RawPeer.join(target.url, { session, secret: 's'.repeat(22) });
      const peer = await RawPeer.open(target.url);
      peer.hello({ session, secret: 't'.repeat(22), connection: 2, expected: true });
      expect(await peer.closed).toMatchObject({ code: 4903 });
    }
    await target.bystander.echo();
  });
});

describe('a HELLO that comes byte by byte', () => {
  test('is cut off at the deadline with 4905, however busy the connection is', async () => {
    const target = await startTarget({ handshakeTimeoutMs: 300 });
    const frame = clientFrame(helloPacket(newSession()));
    const peers = await Promise.all(Array.from({ length: 20 }, () => openTcp(target.url)));
    await target.during(async () => {
      const state = { isOver: false };
      const codes = Promise.all(peers.map(({ closed }) => closed)).finally(() => {
        state.isOver = true;
      });
      // The last bytes never come.
      for (let at = 0; !state.isOver && at < frame.length - 2; at++) {
        for (const { socket } of peers) socket.write(frame.subarray(at, at + 1));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(new Set(await codes)).toEqual(new Set([4905]));
    });
    expect(target.server.stats()).toMatchObject({ sessions: 1, arrivingConnections: 0 });
  });

  test('and in as many fragments is refused before it has cost memory', async () => {
    const target = await startTarget({}, { maxPayload: 1 << 20 });
    const before = usedBytes();
    const { socket, closed } = await openTcp(target.url);
    await target.during(async () => {
      socket.write(clientFrame(Uint8Array.of(HELLO), { fin: false }));
      const fragments = Buffer.concat(
        Array.from({ length: 1000 }, () => clientFrame(Uint8Array.of(0x20), { opcode: 0, fin: false })),
      );
      for (let count = 0; count < 40 && socket.writable; count++) socket.write(fragments);
      expect(await closed).toBe(1008);
    });
    expect(usedBytes() - before).toBeLessThan(SLACK_BYTES);
    expect(target.server.stats()).toMatchObject({ sessions: 1, arrivingConnections: 0 });
  });
});

describe('somebody else’s session', { timeout: LONG_MS }, () => {
  test('is not disturbed by those who guess its secret, however often', async () => {
    const target = await startTarget();
    const session = newSession();
    const owner = await RawPeer.join(target.url, session);
    const made = await target.sessions.next();
    await target.during(async () => {
      for (let count = 0; count < 100; count++) {
        const thief = await RawPeer.open(target.url);
        thief.hello({ ...session, secret: newSession().secret, connection: 2 ** 53 - 1 - count, expected: true });
        expect(await thief.closed).toEqual({ code: 4903, reason: 'session refused' });
      }
    });
    expect(made.status).toBe('open');
    owner.stream(messageFrame('mine'));
    // The numbers that were tried are not used up.
    const back = await RawPeer.open(target.url);
    back.hello({ ...session, connection: 2, expected: true });
    expect(await back.welcome()).toMatchObject({ result: 'resumed' });
  });

  test('is not had by its secret alone where there are identities, nor when it has ended', async () => {
    const target = await startTarget({ authorize: ({ auth }) => auth as string });
    const session = newSession();
    await RawPeer.join(target.url, session, { auth: 'alice' });
    const made = await target.sessions.next();
    const steal = async (): Promise<unknown> => {
      const thief = await RawPeer.open(target.url);
      thief.hello({ ...session, auth: 'mallory', connection: 9, expected: true });
      return thief.closed;
    };
    await target.during(async () => {
      expect(await steal()).toEqual({ code: 4903, reason: 'session refused' });
      expect(made.status).toBe('open');
      made.terminate();
      await expect.poll(() => target.server.stats().tombstones).toBe(1);
      expect(await steal()).toEqual({ code: 4903, reason: 'session refused' });
    });
  });

  test('is not had by a HELLO that was heard before, nor by an older one', async () => {
    const target = await startTarget();
    const session = newSession();
    const packets = [1, 2, 3].map((connection) => helloPacket({ ...session, connection, expected: connection > 1 }));
    for (const packet of packets) {
      const peer = await RawPeer.open(target.url);
      peer.send(packet);
      await peer.welcome();
    }
    const made = await target.sessions.next();
    await target.during(async () => {
      for (let count = 0; count < 30; count++) {
        for (const packet of packets) {
          const peer = await RawPeer.open(target.url);
          peer.send(packet);
          expect(await peer.closed).toEqual({ code: 4904, reason: 'connection is not above 3' });
        }
      }
    });
    expect(made.status).toBe('open');
    expect(made.stats().connections).toBe(3);
  });

  test('cannot be had with its expired secret: it is gone, and made anew only by who names another', async () => {
    const target = await startTarget({ resumeMs: 1000 });
    const session = newSession();
    const peer = await RawPeer.join(target.url, session);
    const made = await target.sessions.next();
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    target.clock.skip(1000);
    await expect.poll(() => made.status).toBe('closed');
    await target.during(async () => {
      const late = await RawPeer.open(target.url);
      late.hello({ ...session, connection: 2, expected: true });
      expect(await late.welcome()).toMatchObject({ result: 'gone' });
      const later = await RawPeer.open(target.url);
      later.hello({ ...session, connection: 3 });
      expect(await later.closed).toEqual({ code: 4904, reason: 'session is gone' });
    });
  });
});

describe('a storm', { timeout: LONG_MS }, () => {
  test('of resumes of one session leaves one connection, and nothing of the others', async () => {
    const target = await startTarget();
    const session = newSession();
    await RawPeer.join(target.url, session);
    const made = await target.sessions.next();
    const before = usedBytes();
    const rounds = 10;
    const atOnce = 100;
    await target.during(async () => {
      for (let round = 0; round < rounds; round++) {
        const peers = await Promise.all(Array.from({ length: atOnce }, () => RawPeer.open(target.url)));
        for (const [index, peer] of peers.entries()) {
          peer.hello({ ...session, connection: 2 + round * atOnce + index, expected: true });
        }
        // All but the last are replaced, or came too late.
        for (const peer of peers.slice(0, -1)) expect([4901, 4904]).toContain((await peer.closed).code);
        expect(await peers.at(-1)?.welcome()).toMatchObject({ result: 'resumed' });
      }
    });
    expect(made.status).toBe('open');
    expect(target.server.stats()).toMatchObject({ sessions: 2, arrivingConnections: 0, tombstones: 0 });
    await expect.poll(() => target.wss.clients.size).toBe(2);
    expect(usedBytes() - before).toBeLessThan(rounds * SLACK_BYTES);
  });

  test('of resumes of sessions that never were leaves no more than maxTombstones, and no session', async () => {
    const target = await startTarget({ maxTombstones: 100 });
    const before = usedBytes();
    await target.during(async () => {
      for (let round = 0; round < 10; round++) {
        const peers = await Promise.all(Array.from({ length: 100 }, () => RawPeer.open(target.url)));
        for (const peer of peers) peer.hello({ ...newSession(), connection: 7, expected: true });
        for (const peer of peers) {
          expect(await peer.welcome()).toMatchObject({ result: 'gone' });
          peer.cut();
        }
      }
    });
    await expect.poll(() => target.server.stats()).toMatchObject({ sessions: 1, arrivingConnections: 0 });
    expect(usedBytes() - before).toBeLessThan(10 * SLACK_BYTES);
  });

  test('of two clients with one session ends one of them: they do not evict each other for ever', async () => {
    const target = await startTarget();
    const shared = newSession();
    const peer = await RawPeer.join(target.url, shared);
    const made = await target.sessions.next();
    // A copy of the page: the same session, the next number.
    const copy = await RawPeer.open(target.url);
    copy.hello({ ...shared, connection: 2, expected: true });
    await copy.welcome();
    expect(await peer.closed).toEqual({ code: 4901, reason: 'replaced' });
    // The first one is the SDK's way over; a second HELLO with its own next number is no longer above the other's.
    const again = await RawPeer.open(target.url);
    again.hello({ ...shared, connection: 2, expected: true });
    expect(await again.closed).toMatchObject({ code: 4904 });
    expect(made.status).toBe('open');
    await target.bystander.echo();
  });
});
