import { describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { ConnectionContext } from '../../src/index.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { collect, openSocket, sha256, stallUpload, startRig, uploadStalled } from './page.ts';

const MIB = 1024 * 1024;

describe('a server that restarts in mid-message', () => {
  test('gets the message again, marked as a possible duplicate of its first sending', async () => {
    const rig = await startRig({ cuts: stallUpload });
    const socket = openSocket(rig.url);
    const losts = collect(socket, 'lost');
    const bytes = patternBytes(4 * MIB);
    await socket.send('before').delivered;
    const upload = socket.send(new Blob([bytes]));
    await uploadStalled(rig);

    await commands.restartServer(rig.id);
    await upload.delivered;
    await socket.send('after').delivered;

    const { session } = await losts.next();
    const messages = await commands.takeMessages(rig.id, 3);
    expect(messages.map(({ text, byteLength }) => text || byteLength)).toEqual(['before', bytes.length, 'after']);
    expect(messages[1]).toMatchObject({
      sha256: await sha256(bytes),
      possibleDuplicateOf: { mark: 'partial', session, channel: 0, ordinal: 1 },
    });
    expect(messages[2]?.possibleDuplicateOf).toBeUndefined();
    expect(await commands.countSessions(rig.id)).toBe(2);
    expect(socket.status).toBe('open');
  });

  test('costs just that message, with SessionLostError, where the option says so', async () => {
    const rig = await startRig({ cuts: stallUpload });
    const socket = openSocket(rig.url, { onSessionLost: 'reject' });
    await socket.send('before').delivered;
    const upload = socket.send(new Blob([patternBytes(4 * MIB)]));
    await uploadStalled(rig);

    await commands.restartServer(rig.id);

    await expect(upload.delivered).rejects.toMatchObject({ code: 'ERR_SESSION_LOST' });
    await socket.send('after').delivered;
    expect((await commands.takeMessages(rig.id, 2)).map(({ text }) => text)).toEqual(['before', 'after']);
  });

  test('gets what was never sent without a mark', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url, { onSessionLost: 'reject' });
    await socket.send('before').delivered;
    await commands.answerNextUpgrades(rig.id, { status: 502 }, 1);
    await commands.cutConnections(rig.id, 'rst');
    await new Promise<void>((resolve) => {
      socket.once('retry', () => {
        resolve();
      });
    });
    const waiting = socket.send('waits');

    await commands.restartServer(rig.id);
    await waiting.delivered;

    const [, received] = await commands.takeMessages(rig.id, 2);
    expect(received).toMatchObject({ text: 'waits' });
    expect(received?.possibleDuplicateOf).toBeUndefined();
  });
});

describe('a server that leaves in order', () => {
  test('gets what was begun; its successor gets the rest, once', async () => {
    const rig = await startRig({ cuts: stallUpload });
    const socket = openSocket(rig.url);
    const bytes = patternBytes(8 * MIB);
    await socket.send('before').delivered;
    const upload = socket.send(new Blob([bytes]));
    await uploadStalled(rig);

    const isReplaced = commands.replaceServer(rig.id, 20_000);
    const late = socket.send('late');
    await commands.resumeConnections(rig.id);
    await Promise.all([isReplaced, upload.delivered, late.delivered]);

    const messages = await commands.takeMessages(rig.id, 3);
    expect(messages.map(({ text, byteLength }) => text || byteLength)).toEqual(['before', bytes.length, 'late']);
    expect(messages.filter((message) => message.possibleDuplicateOf !== undefined)).toEqual([]);
    expect(await commands.peekMessages(rig.id)).toEqual([]);
    expect(socket.status).toBe('open');
  });
});

describe('auth', () => {
  test('is asked for again, once, when it was refused', async () => {
    const rig = await startRig({ auth: 'fresh' });
    const asked: ConnectionContext[] = [];
    const socket = openSocket(rig.url, {
      auth: async (context: ConnectionContext) => {
        asked.push(context);
        return Promise.resolve(context.wasRefused ? 'fresh' : 'stale');
      },
    });
    const retries = collect(socket, 'retry');

    await socket.send('hello').delivered;

    expect(asked.map(({ wasRefused }) => wasRefused)).toEqual([false, true]);
    expect(retries.items).toMatchObject([{ close: { code: 4902 }, wasOpen: true, delayMs: 0 }]);
    expect((await commands.takeMessages(rig.id, 1))[0]?.text).toBe('hello');
  });

  test('is asked for before each further connection', async () => {
    const rig = await startRig({ auth: 'fresh' });
    let count = 0;
    const socket = openSocket(rig.url, {
      auth: () => {
        count++;
        return 'fresh';
      },
    });
    await socket.send('one').delivered;
    await commands.cutConnections(rig.id, 'rst');

    await socket.send('two').delivered;

    expect(count).toBe(2);
  });

  test('refused twice ends the socket', async () => {
    const rig = await startRig({ auth: 'fresh' });
    const socket = openSocket(rig.url, { auth: () => 'stale' });
    const closes = collect(socket, 'close');

    expect(await closes.next()).toMatchObject({ code: 4902, error: { code: 'ERR_HANDSHAKE', closeCode: 4902 } });
    expect(await commands.countSessions(rig.id)).toBe(0);
  });

  test('that is a value is not tried twice, and is not in the URL', async () => {
    const rig = await startRig({ auth: 'fresh' });
    const socket = openSocket(rig.url, { auth: 'stale' });
    const closes = collect(socket, 'close');

    expect(await closes.next()).toMatchObject({ code: 4902 });

    const opened = await commands.readLog(rig.id, 'open');
    expect(opened.map(({ detail }) => detail)).toEqual(['/live']);
  });
});

describe('close', () => {
  test('finishes what was sent, and both sides see code and reason', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const closes = collect(socket, 'close');
    const statuses = collect(socket, 'status');
    const bytes = patternBytes(2 * MIB);
    const transfer = socket.send(bytes);

    const isClosed = socket.close(4123, 'done 🎉');
    const late = socket.send('late');
    await isClosed;

    expect(transfer.state).toBe('delivered');
    await expect(late.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4123 });
    expect(closes.items).toEqual([{ code: 4123, reason: 'done 🎉', wasClean: true, error: undefined }]);
    expect(await commands.takeServerClose(rig.id)).toEqual({ code: 4123, reason: 'done 🎉', wasClean: true });
    expect((await commands.takeMessages(rig.id, 1))[0]?.sha256).toBe(await sha256(bytes));
    expect(statuses.items.at(-1)).toEqual({ status: 'closed', previous: 'closing' });
  });

  test('by the server is seen with its code, and nothing comes back', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const closes = collect(socket, 'close');
    await socket.send('hello').delivered;

    await commands.closeSessions(rig.id, 4001, 'signed out');

    expect(await closes.next()).toEqual({ code: 4001, reason: 'signed out', wasClean: true, error: undefined });
    expect(await commands.readLog(rig.id, 'open')).toHaveLength(1);
  });

  test('survives a cut in the middle of it', async () => {
    const rig = await startRig({ cuts: stallUpload });
    const socket = openSocket(rig.url);
    const closes = collect(socket, 'close');
    const bytes = patternBytes(4 * MIB);
    const transfer = socket.send(new Blob([bytes]));
    await uploadStalled(rig);

    const isClosed = socket.close(1000, 'bye');
    await commands.cutConnections(rig.id, 'rst');
    await isClosed;

    expect(transfer.state).toBe('delivered');
    expect(closes.items).toMatchObject([{ code: 1000, reason: 'bye', wasClean: true }]);
    expect(await commands.takeServerClose(rig.id)).toEqual({ code: 1000, reason: 'bye', wasClean: true });
  });

  test('of a socket that never connected is immediate', async () => {
    const rig = await startRig();
    await commands.answerNextUpgrades(rig.id, { hang: true }, 1);
    const socket = openSocket(rig.url);
    const closes = collect(socket, 'close');

    await socket.close();

    expect(closes.items).toEqual([{ code: 1000, reason: '', wasClean: true, error: undefined }]);
  });
});

describe('many sockets of one page', () => {
  test('do not disturb each other', async () => {
    const rig = await startRig({ isEcho: true });
    const sockets = Array.from({ length: 8 }, () => openSocket(rig.url));
    const inboxes = sockets.map((socket) => collect(socket, 'message'));

    await Promise.all(sockets.map((socket, index) => socket.send(`I am ${index}`).delivered));
    await commands.cutConnections(rig.id, 'rst');
    await Promise.all(sockets.map((socket, index) => socket.send(`still ${index}`).delivered));

    for (const [index, inbox] of inboxes.entries()) {
      expect((await inbox.take(2)).map(({ data }) => data)).toEqual([`I am ${index}`, `still ${index}`]);
    }
    expect(await commands.countSessions(rig.id)).toBe(8);
  });
});
