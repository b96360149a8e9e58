import { describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { patternBytes } from '../support/pattern-bytes.ts';
import { collect, openSocket, sha256, stallUpload, startRig, uploadStalled } from './page.ts';

const MIB = 1024 * 1024;

describe('a close by a server or a gateway', () => {
  test.each([
    [1001, 'going away'],
    [1011, 'internal error'],
    [1012, 'service restart'],
    [1013, 'try again later'],
    [1014, 'bad gateway'],
  ])('with %i is told as it is, and survived', async (code, reason) => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const retries = collect(socket, 'retry');
    const resumes = collect(socket, 'resume');
    const statuses = collect(socket, 'status');
    await socket.send('before').delivered;

    await commands.closeConnections(rig.id, code, reason);
    const retry = await retries.next();
    await socket.send('after').delivered;

    expect(retry).toMatchObject({ attempt: 1, wasOpen: true, close: { code, reason, wasClean: true } });
    expect(await resumes.next()).toEqual({ resentBytes: 0, connections: 2 });
    expect(statuses.items.map(({ status }) => status)).toEqual(['open', 'reconnecting', 'open']);
    expect((await commands.takeMessages(rig.id, 2)).map(({ text }) => text)).toEqual(['before', 'after']);
    expect(await commands.countSessions(rig.id)).toBe(1);
  });

  test('with 1014 in mid-upload costs only what was under way', async () => {
    const rig = await startRig({ cuts: stallUpload });
    const socket = openSocket(rig.url);
    const resumes = collect(socket, 'resume');
    const bytes = patternBytes(8 * MIB);
    const upload = socket.send(new Blob([bytes]));
    await uploadStalled(rig);

    await commands.closeConnections(rig.id, 1014, '', { afterClose: 'rst' });
    await upload.delivered;

    const { resentBytes } = await resumes.next();
    expect(resentBytes).toBeGreaterThan(0);
    expect(resentBytes).toBeLessThanOrEqual(4 * MIB);
    expect(socket.stats().resentBytes).toBeLessThanOrEqual(resentBytes);
    const [received] = await commands.takeMessages(rig.id, 1);
    expect(received).toMatchObject({ sha256: await sha256(bytes) });
    expect(received?.possibleDuplicateOf).toBeUndefined();
  });

  test.each([1008, 3000, 3003, 4000, 4499, 4901, 4999])('with %i is final', async (code) => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const closes = collect(socket, 'close');
    const retries = collect(socket, 'retry');
    await socket.send('before').delivered;

    await commands.closeConnections(rig.id, code, 'no');
    const close = await closes.next();

    expect(close).toMatchObject({ code, reason: 'no', wasClean: false, error: { code: 'ERR_HANDSHAKE' } });
    expect(socket.status).toBe('closed');
    expect(retries.items).toEqual([]);
    await expect(socket.send('late').delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: code });
  });
});

describe('a handshake that fails', () => {
  test.each([404, 413, 502, 503, 504])(
    'with HTTP %i is told as 1006 of a connection that never opened',
    async (status) => {
      const rig = await startRig();
      await commands.answerNextUpgrades(rig.id, { status }, 2);
      const socket = openSocket(rig.url);
      const retries = collect(socket, 'retry');

      await socket.send('hello').delivered;

      const close = { code: 1006, reason: '', wasClean: false };
      expect(retries.items).toHaveLength(2);
      expect(retries.items[0]).toMatchObject({ attempt: 1, wasOpen: false, close });
      expect(retries.items[1]).toMatchObject({ attempt: 2, wasOpen: false, close });
      expect((await commands.takeMessages(rig.id, 1))[0]?.text).toBe('hello');
      expect(await commands.readLog(rig.id, 'upgrade-answered')).toHaveLength(2);
    },
  );

  test('with 502 behind a drop is told apart from the drop, and the session goes on', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const retries = collect(socket, 'retry');
    await socket.send('one').delivered;

    await commands.answerNextUpgrades(rig.id, { status: 502 }, 3);
    await commands.cutConnections(rig.id, 'rst');
    await socket.send('two').delivered;

    expect(retries.items.map(({ close, wasOpen }) => [close.code, wasOpen])).toEqual([
      [1006, true],
      [1006, false],
      [1006, false],
      [1006, false],
    ]);
    expect(retries.items.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(await commands.countSessions(rig.id)).toBe(1);
    expect((await commands.takeMessages(rig.id, 2)).map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test.each([
    ['bytes that are no HTTP', { garbage: 'SSH-2.0-OpenSSH_9.2\r\n' }],
    ['a wrong accept hash', { badAccept: true }],
    ['half an answer', { truncate: 20 }],
    ['a reset', { cut: 'rst' }],
  ] as const)('by %s is survived', async (_name, answer) => {
    const rig = await startRig();
    await commands.answerNextUpgrades(rig.id, answer, 1);
    const socket = openSocket(rig.url);
    const retries = collect(socket, 'retry');

    await socket.send('hello').delivered;

    expect(retries.items).toHaveLength(1);
    expect(retries.items[0]).toMatchObject({ wasOpen: false, close: { code: 1006 } });
  });

  test('that hangs is given up after connectTimeoutMs', async () => {
    const rig = await startRig();
    await commands.answerNextUpgrades(rig.id, { hang: true }, 1);
    const socket = openSocket(rig.url, { connectTimeoutMs: 300 });
    const retries = collect(socket, 'retry');

    await socket.send('hello').delivered;

    expect(retries.items).toHaveLength(1);
    expect(retries.items[0]).toMatchObject({ wasOpen: false, close: { code: 4905 } });
  });
});

describe('a server without the protocol', () => {
  test('is one HandshakeError that names the protocol and the way out', async () => {
    const rig = await startRig({ isForeign: true });
    const socket = openSocket(rig.url);
    const errors = collect(socket, 'error');
    const closes = collect(socket, 'close');
    const { delivered } = socket.send('hello');

    const { error } = await closes.next();

    expect(error).toMatchObject({ code: 'ERR_HANDSHAKE' });
    expect(error?.message).toContain('chunksocket.v1');
    expect(error?.hint).toContain('fallback');
    expect(errors.items).toEqual([{ error }]);
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', cause: error });
  });
});
