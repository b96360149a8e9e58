import { describe, expect, test } from 'vitest';
import { newSession, RawPeer } from '../../support/raw-peer.ts';
import { asOurs, connect, kinds, outcome, startWebSocketServer } from './rig.ts';
import type { AnySocket } from './rig.ts';

function pongsOf(socket: AnySocket): string[] {
  const pongs: string[] = [];
  socket.on('pong', (data) => pongs.push(data.toString()));
  return pongs;
}

/** Lets everything run that is due, some times over. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(kinds)('a ping of a socket of %s', (kind) => {
  test('is answered with its data, in order', async () => {
    const { socket } = await connect(kind);
    const pongs = pongsOf(socket);
    socket.ping();
    socket.ping('text');
    socket.ping(42);
    socket.ping(Buffer.from('bytes'), false);
    socket.ping(Uint8Array.of(0x61).buffer);
    expect(
      await outcome((callback) => {
        socket.ping('last', false, callback);
      }),
    ).toBe('done');
    await expect.poll(() => pongs).toEqual(['', 'text', '42', 'bytes', 'a', 'last']);
  });

  test('is answered by a client that is idle, again and again', async () => {
    const { socket } = await connect(kind);
    const pongs = pongsOf(socket);
    for (let index = 0; index < 5; index++) {
      await settle();
      socket.ping(`${index}`);
      await expect.poll(() => pongs).toHaveLength(index + 1);
    }
  });

  test('takes a callback in any place, and no more than 125 bytes', async () => {
    const { socket } = await connect(kind);
    expect(
      await outcome((callback) => {
        socket.ping(callback);
      }),
    ).toBe('done');
    expect(
      await outcome((callback) => {
        socket.ping('x', callback as unknown as boolean);
      }),
    ).toBe('done');
    expect(
      await outcome((callback) => {
        socket.pong('x', false, callback);
      }),
    ).toBe('done');
    expect(() => {
      socket.ping('x'.repeat(126));
    }).toThrow(RangeError);
    expect(() => {
      socket.pong('x'.repeat(126));
    }).toThrow(RangeError);
    expect(() => {
      socket.ping({});
    }).toThrow(TypeError);
  });
});

describe('a ping of a session', () => {
  test('without a connection is answered when the client is back, and so is one that was lost', async () => {
    const { url, connections } = await startWebSocketServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const { socket } = await connections.next();
    const pongs = pongsOf(socket);
    first.isAcking = false;
    await settle();
    socket.ping('lost');
    await settle();
    first.cut();
    await expect.poll(() => asOurs(socket).session.status).toBe('waiting');
    socket.ping('waiting');
    await settle();
    expect(pongs).toEqual([]);
    await RawPeer.join(url, session, { connection: 2 });
    await expect.poll(() => pongs).toEqual(['lost', 'waiting']);
  });

  test('is answered for a client that is expected back, where that is wanted', async () => {
    const { url, connections, clock } = await startWebSocketServer({ pongWhileWaiting: true, resumeMs: 1000 });
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const pongs = pongsOf(socket);
    peer.isAcking = false;
    await settle();
    socket.ping('lost');
    await settle();
    expect(pongs).toEqual([]);
    peer.cut();
    await expect.poll(() => pongs).toEqual(['lost']);
    socket.ping('waiting');
    expect(pongs).toEqual(['lost']);
    await expect.poll(() => pongs).toEqual(['lost', 'waiting']);
    clock.skip(1001);
    await expect.poll(() => socket.readyState).toBe(3);
    expect(pongs).toEqual(['lost', 'waiting']);
  });

  test('that is over is not answered any more', async () => {
    const { url, connections } = await startWebSocketServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const { socket } = await connections.next();
    const pongs = pongsOf(socket);
    peer.cut();
    await expect.poll(() => asOurs(socket).session.status).toBe('waiting');
    socket.ping('x');
    socket.terminate();
    await expect.poll(() => socket.readyState).toBe(3);
    expect(pongs).toEqual([]);
  });
});
