import { afterEach, describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { patternBytes } from '../support/pattern-bytes.ts';
import type { MessageLimit } from '../support/fault-proxy/rules.ts';
import { closeAfterTest, collect, loadScript, openSocket, quick, sha256, startRig } from './page.ts';
import type { RigOptions } from './rig.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const limit = (maxBytes: number, more: Partial<MessageLimit> = {}): MessageLimit => ({
  direction: 'toServer',
  maxBytes,
  how: 'close-1009',
  ...more,
});

/** Limits of 8 KiB that nobody tells of, and how a page sees them. */
const manners: readonly (readonly [string, RigOptions])[] = [
  ['closes with 1009', { faults: { limits: [limit(8 * KIB)] } }],
  ['closes with 1009, and resets behind it', { faults: { limits: [limit(8 * KIB, { afterClose: 'rst' })] } }],
  ['resets without a word', { faults: { limits: [limit(8 * KIB, { how: 'drop', cut: 'rst' })] } }],
  ['ends without a word', { faults: { limits: [limit(8 * KIB, { how: 'drop', cut: 'fin' })] } }],
  ['closes with 1002', { faults: { limits: [limit(8 * KIB, { how: 'close', code: 1002 })] } }],
  [
    'closes with 1009, which a proxy makes 1006',
    { maxPayload: 8 * KIB, isSilent: true, faults: { closeRewrites: [{ from: 1009, to: 1006 }] } },
  ],
  ['closes with 1009 by itself', { maxPayload: 8 * KIB, isSilent: true }],
];

describe('a limit that nobody told', () => {
  test.each(manners)(
    'of a path that %s is learned, and everything arrives once and in order',
    async (_name, options) => {
      const rig = await startRig(options);
      const socket = openSocket(rig.url);
      const limits = collect(socket, 'limit');
      const bytes = patternBytes(300 * KIB);
      await socket.send('first').delivered;

      socket.send('before');
      const upload = socket.send(bytes);
      socket.send('after');
      await upload.delivered;
      await socket.send('last').delivered;

      const messages = await commands.takeMessages(rig.id, 5);
      expect(messages.map(({ text, byteLength }) => text || byteLength)).toEqual([
        'first',
        'before',
        bytes.length,
        'after',
        'last',
      ]);
      expect(messages[2]?.sha256).toBe(await sha256(bytes));
      expect(messages.filter((message) => message.possibleDuplicateOf !== undefined)).toEqual([]);
      expect(await commands.peekMessages(rig.id)).toEqual([]);
      const { limitBytes, limitCeilingBytes, connections } = socket.stats();
      expect(limitBytes).toBeGreaterThanOrEqual(4 * KIB);
      expect(limitBytes).toBeLessThanOrEqual(8 * KIB);
      expect(limitCeilingBytes).toBe(16 * KIB);
      expect(connections).toBe(2);
      expect(limits.items[0]).toMatchObject({ fromBytes: 16 * KIB, toBytes: 4 * KIB });
    },
  );

  test('that is told in the handshake costs no connection', async () => {
    const rig = await startRig({ maxPayload: 8 * KIB });
    const socket = openSocket(rig.url);

    await socket.send(patternBytes(300 * KIB)).delivered;

    expect(socket.stats()).toMatchObject({ connections: 1, limitBytes: 8 * KIB });
    expect(await commands.readLog(rig.id, 'open')).toHaveLength(1);
  });

  test('on the way to the page is learned by the server', async () => {
    const rig = await startRig({
      greetingBytes: 300 * KIB,
      faults: { limits: [limit(8 * KIB, { direction: 'toClient', how: 'drop' })] },
    });
    const socket = openSocket(rig.url);
    const messages = collect(socket, 'message');
    await socket.send('hello').delivered;

    const { data } = await messages.next();

    expect(await sha256(data as ArrayBuffer)).toBe(await sha256(patternBytes(300 * KIB)));
    expect(socket.stats().connections).toBeGreaterThan(1);
  });
});

describe('a limit that changes', () => {
  test('from 32 to 8 KiB in mid-session is found again', async () => {
    const rig = await startRig({ faults: { limits: [limit(32 * KIB)] } });
    const socket = openSocket(rig.url);
    const sent: Uint8Array<ArrayBuffer>[] = [];
    const send = async (): Promise<void> => {
      const message = patternBytes(MIB, sent.length + 1);
      sent.push(message);
      await socket.send(message).delivered;
    };
    await send();
    const before = socket.stats();

    await commands.limitMessages(rig.id, limit(8 * KIB));
    // Where the machine has so much else to do that no packet is as large as that, nothing is refused yet.
    do await send();
    while (socket.stats().connections === before.connections);

    const after = socket.stats();
    // As large as pays on this path.
    expect(before.limitBytes).toBeGreaterThanOrEqual(16 * KIB);
    expect(before.limitBytes).toBeLessThanOrEqual(32 * KIB);
    expect(after.limitBytes).toBeLessThanOrEqual(8 * KIB);
    expect(after.limitBytes).toBeGreaterThanOrEqual(4 * KIB);
    expect(after.connections - before.connections).toBeLessThanOrEqual(3);
    const messages = await commands.takeMessages(rig.id, sent.length);
    expect(messages.map(({ sha256: hash }) => hash)).toEqual(await Promise.all(sent.map(sha256)));
  });

  test('from 8 KiB to none is found once a megabyte went through', async () => {
    const rig = await startRig({ faults: { limits: [limit(8 * KIB, { how: 'drop' })] } });
    const socket = openSocket(rig.url);
    await socket.send(patternBytes(200 * KIB)).delivered;
    const before = socket.stats();

    await commands.unlimitMessages(rig.id, 'toServer');
    // How soon it grows, and how far, depends on how fast the path is: packets are no larger than pays.
    const sendMore = async (): Promise<number> => {
      await socket.send(patternBytes(4 * MIB)).delivered;
      return socket.stats().limitBytes;
    };

    expect(before.limitBytes).toBeLessThanOrEqual(8 * KIB);
    await expect.poll(sendMore).toBeGreaterThanOrEqual(16 * KIB);
    expect(socket.stats().connections).toBe(before.connections);
  });

  test('does not change by thirty plain cuts during a big upload', async () => {
    const cuts = Array.from({ length: 30 }, (_, index) => ({
      direction: 'toServer' as const,
      afterBytes: 100_000 + index * 9_973,
      how: index % 2 === 0 ? ('rst' as const) : ('fin' as const),
    }));
    const rig = await startRig({ cuts: [null, ...cuts] });
    const socket = openSocket(rig.url);
    await socket.send(patternBytes(2 * MIB, 1)).delivered;
    const before = socket.stats();
    const bytes = patternBytes(16 * MIB, 2);

    const upload = socket.send(new Blob([bytes]));
    await commands.cutConnections(rig.id, 'rst');
    await upload.delivered;
    expect(socket.stats().connections).toBe(before.connections + 31);
    // How soon a packet is as large again depends on how busy the machine is.
    const sendMore = async (): Promise<number> => {
      await socket.send(patternBytes(4 * MIB, 3)).delivered;
      return socket.stats().limitBytes;
    };
    await expect.poll(sendMore).toBeGreaterThanOrEqual(before.limitBytes);
    expect(socket.stats().connections).toBe(before.connections + 31);
    const messages = await commands.takeMessages(rig.id, 3);
    expect(messages[1]).toMatchObject({ byteLength: bytes.length, sha256: await sha256(bytes) });
  });
});

describe('the memory of limits', () => {
  afterEach(() => {
    localStorage.clear();
  });

  const path = { faults: { limits: [limit(8 * KIB)] } };

  test('lets the second socket of a page start at the limit', async () => {
    const rig = await startRig(path);
    const first = openSocket(rig.url, { rememberLimits: 'memory' });
    await first.send(patternBytes(300 * KIB)).delivered;

    const second = openSocket(rig.url, { rememberLimits: 'memory' });
    await second.send(patternBytes(300 * KIB)).delivered;

    expect(first.stats().connections).toBe(2);
    expect(second.stats()).toMatchObject({ connections: 1, limitBytes: first.stats().limitBytes });
  });

  test('lets the next page start at the limit, by localStorage', async () => {
    const rig = await startRig(path);
    const first = openSocket(`${rig.url}?token=secret`, { rememberLimits: 'localStorage' });
    await first.send(patternBytes(300 * KIB)).delivered;
    const Bundled = await loadScript(rig.scriptUrl);

    const second = new Bundled(rig.url, { ...quick, rememberLimits: 'localStorage' });
    closeAfterTest(second);
    await second.send(patternBytes(300 * KIB)).delivered;

    expect(second.stats()).toMatchObject({ connections: 1, limitBytes: first.stats().limitBytes });
    expect(Object.keys(localStorage)).toHaveLength(1);
    expect(JSON.stringify(localStorage)).not.toContain('secret');
  });

  test.each(['', '{', 'null', '[]', '{"up":1}', '{"up":{"atMs":1,"floor":-1}}', '{"up":{"floor":"8192"}}'])(
    'is not led astray by %j in the storage',
    async (stored) => {
      const rig = await startRig();
      const key = `chunksocket:limit:${new URL(rig.url).origin}/live`;
      localStorage.setItem(key, stored.replace('"up":1', `"up":{"atMs":${Date.now()},"floor":1e99,"ceiling":[]}`));
      const Bundled = await loadScript(rig.scriptUrl);

      const socket = new Bundled(rig.url, { ...quick, rememberLimits: 'localStorage' });
      closeAfterTest(socket);
      await socket.send(patternBytes(100 * KIB)).delivered;

      expect(socket.stats().connections).toBe(1);
      expect(socket.stats().limitBytes).toBeGreaterThanOrEqual(16 * KIB);
    },
  );

  test('does without a storage that is forbidden', async () => {
    const rig = await startRig(path);
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'localStorage') as PropertyDescriptor;
    Object.defineProperty(globalThis, 'localStorage', {
      configurable: true,
      get: () => {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
    try {
      const socket = openSocket(rig.url, { rememberLimits: 'localStorage' });
      await socket.send(patternBytes(100 * KIB)).delivered;

      expect(socket.stats().limitBytes).toBeLessThanOrEqual(8 * KIB);
    } finally {
      Object.defineProperty(globalThis, 'localStorage', descriptor);
    }
  });
});
