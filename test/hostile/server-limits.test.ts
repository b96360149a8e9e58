import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import { describe, expect, test } from 'vitest';
import { DataFlag } from '../../src/protocol/frame.ts';
import { encodeAck } from '../../src/protocol/packet.ts';
import type { AcceptedSession } from '../../src/server/accepted-session.ts';
import { AdmissionRate } from '../../src/server/admission-rate.ts';
import { ChunkServer } from '../../src/server/chunk-server.ts';
import { clientAddress } from '../../src/server/client-address.ts';
import { IncomingBudget } from '../../src/server/incoming-budget.ts';
import { KeyedRate } from '../../src/server/keyed-rate.ts';
import { resolveOptions } from '../../src/server/options.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import { openSocket } from '../client/support.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { dataFrame, helloPacket, messageFrame, newSession, RawPeer } from '../support/raw-peer.ts';
import type { PeerSession } from '../support/raw-peer.ts';
import { startTarget } from './rig.ts';
import type { Target } from './rig.ts';

const authorize = ({ auth }: { auth: unknown }): string => auth as string;
/** As a proxy tells it. */
const addressOf = ({ headers }: { headers: Record<string, unknown> }): string | undefined =>
  headers['x-real-ip'] as string | undefined;

/** A connection from `address`, which says HELLO. */
async function arrive({ url }: Target, address: string, auth = 'mallory', session = newSession()): Promise<RawPeer> {
  const peer = await RawPeer.open(url, { headers: { 'x-real-ip': address } });
  peer.hello({ ...session, auth });
  return peer;
}

async function refusalFrom(target: Target, address: string, auth?: string): Promise<string> {
  const { code, reason } = await (await arrive(target, address, auth)).closed;
  return `${code} ${reason}`;
}

describe('sessions of one address', () => {
  test('are maxSessionsPerAddress at most; one more is refused, until one is over', async () => {
    const target = await startTarget({ maxSessionsPerAddress: 3, addressOf, authorize });
    await target.during(async () => {
      for (const auth of ['a', 'b', 'c']) await (await arrive(target, '192.0.2.1', auth)).welcome();
      expect(await refusalFrom(target, '192.0.2.1', 'd')).toBe('1013 too many sessions of one address');
      await (await arrive(target, '192.0.2.2', 'd')).welcome();
      const [first] = await target.sessions.take(1);
      first?.terminate();
      await (await arrive(target, '192.0.2.1', 'd')).welcome();
      expect(await refusalFrom(target, '192.0.2.1')).toBe('1013 too many sessions of one address');
    });
    expect(target.server.stats().sessions).toBe(5);
  });

  test('do not push each other out: what waits for its client keeps its place', async () => {
    const target = await startTarget({ maxSessionsPerAddress: 1, addressOf, authorize });
    const peer = await arrive(target, '192.0.2.1', 'alice');
    await peer.welcome();
    const waiting = await target.sessions.next();
    peer.cut();
    await expect.poll(() => waiting.status).toBe('waiting');
    expect(await refusalFrom(target, '192.0.2.1', 'alice')).toBe('1013 too many sessions of one address');
    expect(waiting.status).toBe('waiting');
  });

  test('come no faster than maxNewSessionsPerSecondPerAddress, and hold up no other address', async () => {
    const clock = new ManualClock();
    const target = await startTarget({ clock, maxNewSessionsPerSecondPerAddress: 5, addressOf, authorize });
    await target.during(async () => {
      for (let count = 0; count < 5; count++) await (await arrive(target, '192.0.2.1', `user ${count}`)).welcome();
      expect(await refusalFrom(target, '192.0.2.1')).toBe('1013 too many new sessions of one address at once');
      await (await arrive(target, '192.0.2.2')).welcome();
      clock.advance(200);
      await (await arrive(target, '192.0.2.1')).welcome();
      expect(await refusalFrom(target, '192.0.2.1')).toBe('1013 too many new sessions of one address at once');
    });
  });

  test('are counted by nobody where addressOf knows none, and by the remote address where it throws', async () => {
    const errors: unknown[] = [];
    const target = await startTarget({
      maxSessionsPerAddress: 1,
      addressOf: (request) => {
        if (request.headers['x-real-ip'] === 'bad') throw new Error('no such address');
        return undefined;
      },
    });
    target.server.on('error', ({ error }) => errors.push(error));
    for (let count = 0; count < 3; count++) await (await arrive(target, '')).welcome();
    await (await arrive(target, 'bad')).welcome();
    expect(await refusalFrom(target, 'bad')).toBe('1013 too many sessions of one address');
    expect(errors).toEqual([new Error('no such address'), new Error('no such address')]);
  });

  test('are counted by the address that a connection had, also where it is reset right behind HELLO', async () => {
    const target = await startTarget({ maxSessionsPerAddress: 5 });
    await target.during(async () => {
      for (let count = 0; count < 20; count++) {
        const peer = await RawPeer.open(target.url);
        const socket = Reflect.get(peer.socket, '_socket') as Socket;
        peer.hello(newSession());
        await new Promise((resolve) => {
          socket.write('', resolve);
        });
        socket.resetAndDestroy();
      }
      await expect.poll(() => target.server.stats().arrivingConnections).toBe(0);
    });
    expect(target.server.stats().sessions).toBeLessThanOrEqual(5);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, undefined],
  ])('are counted by the network of a client: %s is %s', (remoteAddress, address) => {
    expect(clientAddress({ socket: { remoteAddress } as never })).toBe(address);
  });
});

describe('sessions of one identity', () => {
  test('come no faster than maxNewSessionsPerSecondPerIdentity, and hold up no other identity', async () => {
    const clock = new ManualClock();
    const target = await startTarget({ clock, maxNewSessionsPerSecondPerIdentity: 2, authorize });
    await target.during(async () => {
      for (let count = 0; count < 2; count++) await (await arrive(target, '')).welcome();
      expect(await refusalFrom(target, '')).toBe('1013 too many new sessions of one identity at once');
      for (let count = 0; count < 5; count++) await (await arrive(target, '', '')).welcome();
      await (await arrive(target, '', 'bob')).welcome();
      clock.advance(500);
      await (await arrive(target, '')).welcome();
      expect(await refusalFrom(target, '')).toBe('1013 too many new sessions of one identity at once');
    });
  });

  test('that come too fast still resume, and use up nobody else’s rate', async () => {
    const target = await startTarget({
      clock: new ManualClock(),
      maxNewSessionsPerSecondPerIdentity: 1,
      maxNewSessionsPerSecond: 4,
      authorize,
    });
    const session = newSession();
    const first = await arrive(target, '', 'alice', session);
    await first.welcome();
    for (let count = 0; count < 5; count++) expect(await refusalFrom(target, '', 'alice')).toMatch(/^1013 .* identity/);
    const again = await RawPeer.open(target.url);
    again.hello({ ...session, auth: 'alice', connection: 2, expected: true });
    expect(await again.welcome()).toMatchObject({ result: 'resumed' });
    for (const auth of ['bob', 'carol']) await (await arrive(target, '', auth)).welcome();
    expect(await refusalFrom(target, '', 'dave')).toBe('1013 too many new sessions at once');
  });
});

describe('the limits', () => {
  test.each<[keyof ChunkServerOptions, number]>([
    ['maxSessionsPerAddress', 0],
    ['maxArrivingConnections', 0],
    ['maxNewSessionsPerSecondPerIdentity', 0],
    ['maxNewSessionsPerSecondPerAddress', 0.5],
    ['maxIncomingBytes', 16_383],
    ['maxIncomingBytes', NaN],
  ])('%s: %d is refused', (name, value) => {
    expect(() => new ChunkServer({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: name }) as Error,
    );
  });

  test('have an end, also where none is set: what all sessions hold is half of the memory at most', () => {
    const { maxIncomingBytes } = resolveOptions({});
    expect(maxIncomingBytes).toBeGreaterThan(0);
    expect(maxIncomingBytes).toBeLessThanOrEqual(totalmem() / 2);
  });
});

test('the rate of a key is forgotten when it is whole again: no list of all that ever came is kept', () => {
  const rate = new KeyedRate(2);
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    expect(rate.has(`key ${nowMs}`, nowMs)).toBe(true);
    rate.take(`key ${nowMs}`, nowMs);
    expect(rate.size).toBeLessThanOrEqual(1000);
  }
  rate.take('again', 10_000);
  rate.take('again', 10_000);
  expect(rate.has('again', 10_000)).toBe(false);
  expect(rate.has('again', 10_499)).toBe(false);
  expect(rate.has('again', 10_500)).toBe(true);
  const all = new AdmissionRate(
    { maxNewSessionsPerSecond: 1, maxNewSessionsPerSecondPerIdentity: Infinity, maxNewSessionsPerSecondPerAddress: 9 },
    0,
  );
  expect(all.problem('', undefined, 0)).toBeUndefined();
  all.take('', undefined, 0);
  expect(all.problem('anyone', 'anywhere', 0)).toBe('too many new sessions at once');
});

test('connections that say nothing are maxArrivingConnections at most: the oldest goes, whoever is quick gets in', async () => {
  const target = await startTarget({ maxArrivingConnections: 10 });
  await target.during(async () => {
    const silent = [];
    for (let count = 0; count < 10; count++) silent.push(await RawPeer.open(target.url));
    await expect.poll(() => target.server.stats().arrivingConnections).toBe(10);
    const honest = await RawPeer.join(target.url);
    expect(await silent[0]?.closed).toEqual({ code: 1013, reason: 'too many connections at once' });
    expect(target.server.stats().arrivingConnections).toBe(9);
    for (let count = 0; count < 30; count++) silent.push(await RawPeer.open(target.url));
    for (const peer of silent.slice(0, 30)) expect(await peer.closed).toMatchObject({ code: 1013 });
    await expect.poll(() => target.server.stats().arrivingConnections).toBe(10);
    honest.stream(messageFrame('still here'));
    await target.bystander.echo();
  });
  expect(await target.refusals.next()).toMatchObject({ code: 1013, reason: 'too many connections at once' });
});

describe('a client that leaves before WELCOME', () => {
  const resumeMs = 120_000;
  const handshakeTimeoutMs = 10_000;

  test.each<[string, (peer: RawPeer) => void]>([
    [
      'by a close',
      (peer) => {
        peer.socket.close(1000);
      },
    ],
    [
      'without a word',
      (peer) => {
        peer.cut();
      },
    ],
  ])('%s leaves no session that waits for resumeMs', async (_, leave) => {
    const target = await startTarget({ resumeMs, handshakeTimeoutMs });
    await target.during(async () => {
      const leaving = Array.from({ length: 50 }, async () => {
        const peer = await RawPeer.open(target.url);
        peer.hello(newSession());
        leave(peer);
        await peer.closed;
      });
      await Promise.all(leaving);
      await expect.poll(() => connectedCount(target)).toBe(1);
    });
    target.clock.skip(handshakeTimeoutMs);
    await expect.poll(() => target.server.stats()).toMatchObject({ sessions: 1, waitingSessions: 0 });
  });

  test('that is the SDK, closed while HELLO is on its way, leaves none either', async () => {
    const target = await startTarget({ resumeMs, handshakeTimeoutMs });
    const socket = openSocket(target.url);
    const made = target.sessions.next();
    target.server.once('session', () => {
      void socket.close();
    });
    await made;
    await expect.poll(() => socket.status).toBe('closed');
    await expect.poll(() => connectedCount(target)).toBe(1);
    target.clock.skip(handshakeTimeoutMs);
    await expect.poll(() => target.server.stats().sessions).toBe(1);
  });

  test.each<[string, (session: PeerSession) => readonly Uint8Array[]]>([
    ['sent something with HELLO', (session) => [helloPacket(session), earlyPacket()]],
    ['answered WELCOME', (session) => [helloPacket(session), encodeAck(false, 0)]],
  ])('but is waited for as long as anybody where it %s', async (_, packets) => {
    const target = await startTarget({ resumeMs, handshakeTimeoutMs });
    const session = newSession();
    const peer = await RawPeer.open(target.url);
    const [hello, second] = packets(session) as [Uint8Array, Uint8Array];
    peer.send(hello);
    await peer.welcome();
    peer.send(second);
    const made = await target.sessions.next();
    await expect.poll(() => made.stats().receivedPackets).toBe(1);
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    target.clock.skip(resumeMs - 1000);
    expect(made.status).toBe('waiting');
    target.clock.skip(1000);
    await expect.poll(() => made.status).toBe('closed');
  });
});

function connectedCount({ server }: Target): number {
  const { sessions, waitingSessions } = server.stats();
  return sessions - waitingSessions;
}

function earlyPacket(): Uint8Array {
  const slice = messageFrame('early');
  return Uint8Array.of(0x10, 0, 0, ...slice);
}

type FakeSession = AcceptedSession & { incomingBytes: number };

/** A session that is over when it is given up, and holds nothing then. */
function fakeSession(budget: IncomingBudget, ended: string[], name: string, incomingBytes: number): FakeSession {
  const session = {
    incomingBytes,
    overflow() {
      ended.push(name);
      session.incomingBytes = 0;
      budget.ended(session as unknown as AcceptedSession);
    },
  };
  return session as unknown as FakeSession;
}

describe('what all sessions hold of incoming messages', () => {
  const options = { maxMessageBytes: 200_000, poolBytes: 400_000, maxIncomingBytes: 1_000_000 };

  /** A session that holds about `bytes`: a message that never ends, as far as credit goes. */
  async function hold({ url }: Target, bytes: number): Promise<RawPeer> {
    const peer = await RawPeer.join(url);
    peer.stream(dataFrame(new Uint8Array(1000), DataFlag.first | DataFlag.total, { total: bytes }));
    for (let sent = 1000; sent < bytes - 1;) {
      const part = Math.min(10_000, bytes - 1 - sent);
      if (sent + part > 16_000 && sent <= 16_000) await peer.controls.next();
      peer.stream(dataFrame(new Uint8Array(part), 0));
      sent += part;
    }
    return peer;
  }

  test('is maxIncomingBytes at most: those that hold most are given up with 1013, the others stay', async () => {
    const target = await startTarget(options, {}, (session) => {
      session.on('message', () => undefined);
    });
    const { server } = target;
    await target.during(async () => {
      const small = [];
      for (let count = 0; count < 10; count++) small.push(await hold(target, 10_000));
      const large = [];
      for (let count = 0; count < 4; count++) large.push(await hold(target, 190_000));
      await expect.poll(() => server.stats().incomingBytes).toBeGreaterThan(800_000);
      expect(server.stats().sessions).toBe(15);
      const last = await hold(target, 190_000);
      const ends = await Promise.race([...large, last].map((peer) => peer.closed));
      expect(ends).toEqual({ code: 1013, reason: 'too much incoming data held' });
      expect(server.stats().incomingBytes).toBeLessThanOrEqual(875_000);
      for (const peer of small) peer.stream(dataFrame(new Uint8Array(1), DataFlag.fin));
      await expect.poll(() => server.stats().incomingBytes).toBeLessThanOrEqual(775_000);
      expect(server.stats().sessions).toBe(15);
    });
  });

  test('is what has come, not what a frame declares: six bytes cost nobody their session', async () => {
    const target = await startTarget({ ...options, initialChannelCredit: 500_000 });
    const { server } = target;
    await target.during(async () => {
      for (let count = 0; count < 4; count++) {
        const peer = await RawPeer.join(target.url);
        const frame = dataFrame(new Uint8Array(400_000), DataFlag.first);
        peer.stream(frame.subarray(0, 6));
        peer.stream(frame.subarray(6, 16));
      }
      await expect.poll(() => server.stats().incomingBytes).toBeGreaterThan(0);
      await target.bystander.echo();
    });
    expect(server.stats().sessions).toBe(5);
    expect(server.stats().incomingBytes).toBeLessThan(10_000);
  });

  test('is looked up before anybody is given up, and nobody is within the limit', () => {
    const ended: string[] = [];
    const budget = new IncomingBudget(800);
    const fake = (name: string, incomingBytes: number): FakeSession => fakeSession(budget, ended, name, incomingBytes);
    const first = fake('first', 500);
    const second = fake('second', 310);
    budget.grew(first);
    first.incomingBytes = 490;
    budget.grew(second);
    expect(ended).toEqual([]);
    expect(budget.count()).toBe(800);
    second.incomingBytes = 311;
    budget.grew(second);
    expect(ended).toEqual(['first']);
    expect(budget.count()).toBe(311);
  });

  test('is freed first of sessions that are over, the oldest first, and as their application takes it', () => {
    const ended: string[] = [];
    const budget = new IncomingBudget(800);
    const fake = (name: string, incomingBytes: number): FakeSession => fakeSession(budget, ended, name, incomingBytes);
    const [large, older, newer, late] = [fake('large', 500), fake('older', 150), fake('newer', 150), fake('late', 0)];
    for (const session of [large, older, newer]) budget.grew(session);
    budget.ended(older);
    budget.ended(newer);
    expect(budget.count()).toBe(800);
    older.incomingBytes = 100;
    late.incomingBytes = 50;
    budget.grew(late);
    expect(ended).toEqual([]);
    late.incomingBytes = 51;
    budget.grew(late);
    // An eighth of 800 is to be free.
    expect(ended).toEqual(['older', 'newer']);
    expect(budget.count()).toBe(551);
    late.incomingBytes = 301;
    budget.grew(late);
    expect(ended).toEqual(['older', 'newer', 'large']);
    expect(budget.count()).toBe(301);
  });

  test('is told by stats, and comes back as it is taken, and with the end of a session', async () => {
    const target = await startTarget(options);
    const { server, sessions } = target;
    await target.during(async () => {
      const peer = await RawPeer.join(target.url);
      const session = await sessions.next();
      peer.stream(messageFrame(new Uint8Array(1000)), messageFrame(new Uint8Array(2000)));
      const another = await RawPeer.join(target.url);
      another.stream(messageFrame(new Uint8Array(5000)));
      const other = await sessions.next();
      // Nobody else is idle: the bystander's own message may be there as well.
      await expect.poll(() => other.stats().receivedBytes + session.stats().receivedBytes).toBeGreaterThan(8000);
      expect(server.stats().incomingBytes).toBeGreaterThanOrEqual(3 * 64 + 8000);
      session.on('message', () => undefined);
      other.terminate();
    });
    await expect.poll(() => server.stats().incomingBytes).toBe(0);
  });

  test('does not grow by those that come and go', async () => {
    const target = await startTarget(options);
    await target.during(async () => {
      for (let count = 0; count < 30; count++) {
        const peer = await hold(target, 15_000);
        await target.sessions.next();
        peer.socket.close(4906);
        await peer.closed;
      }
    });
    await expect.poll(() => target.server.stats()).toMatchObject({ sessions: 1, incomingBytes: 0 });
  });
});
