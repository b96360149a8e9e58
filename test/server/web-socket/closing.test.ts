import { describe, expect, test } from 'vitest';
import { closeOf, connect, kinds, noCode, openChunk, outcome, startWebSocketServer } from './rig.ts';
import { newSession, RawPeer } from '../../support/raw-peer.ts';

describe.each(kinds)('a socket of %s', (kind) => {
  test.each([
    [1000, 'done'],
    [1001, 'going away'],
    [1011, ''],
    [1013, 'grüß'],
    [3000, 'x'],
    [4400, 'y'.repeat(123)],
    [4899, 'z'],
  ])('closes with %i %s, here and there', async (code, reason) => {
    const { socket, client } = await connect(kind);
    const closed = closeOf(socket);
    socket.send('first');
    expect(socket.readyState).toBe(1);
    socket.close(code, reason);
    expect(socket.readyState).toBe(2);
    socket.close(3999, 'too late');
    expect(await client.closed).toEqual({ code, reason });
    expect(await closed).toEqual({ code, reason });
    expect(socket.readyState).toBe(3);
    expect(await client.messages.next()).toBe('first');
    socket.close(1);
    socket.terminate();
    socket.pause();
    socket.resume();
    expect(socket.isPaused).toBe(false);
  });

  test('takes a reason as a Buffer, and none without a code', async () => {
    const { socket, client } = await connect(kind);
    socket.close(4000, Buffer.from('grüß'));
    expect(await client.closed).toEqual({ code: 4000, reason: 'grüß' });
    const other = await connect(kind);
    const closed = closeOf(other.socket);
    other.socket.close(undefined, 'unheard');
    expect(await other.client.closed).toEqual({ code: 1005, reason: '' });
    expect(await closed).toEqual({ code: 1005, reason: '' });
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000, 1000.5, NaN, '1000', null])(
    'refuses the code %s',
    async (code) => {
      const { socket } = await connect(kind);
      if (code === 1000.5 && kind === 'ws') return;
      expect(() => {
        socket.close(code as number);
      }).toThrow(new TypeError('First argument must be a valid error code number'));
      expect(socket.readyState).toBe(1);
    },
  );

  test('refuses a reason that is too long, or none', async () => {
    const { socket } = await connect(kind);
    const close = (reason: unknown) => (): void => {
      socket.close(1000, reason as string);
    };
    expect(close('é'.repeat(62))).toThrow(RangeError);
    expect(close([1, 2])).toThrow(TypeError);
    expect(close(new Uint16Array(2))).toThrow(TypeError);
    expect(socket.readyState).toBe(1);
  });

  test('tells the close of its client, with 1000 for none', async () => {
    const { socket, client } = await connect(kind);
    const closed = closeOf(socket);
    client.close(4321, 'enough');
    expect(await closed).toEqual({ code: 4321, reason: 'enough' });
    const other = await connect(kind);
    const otherClosed = closeOf(other.socket);
    other.client.close();
    expect(await otherClosed).toEqual({ code: noCode[kind], reason: '' });
  });

  test('ends at once with 1006 when it is terminated', async () => {
    const { socket, client, server } = await connect(kind);
    expect(server.clients.has(socket)).toBe(true);
    const closed = closeOf(socket);
    let count = 0;
    socket.on('close', () => count++);
    socket.terminate();
    socket.terminate();
    expect(socket.readyState).toBe(2);
    expect(await closed).toEqual({ code: 1006, reason: '' });
    expect(socket.readyState).toBe(3);
    await client.closed;
    expect(count).toBe(1);
    expect(server.clients.size).toBe(0);
  });

  test('is ended by terminate while it is paused, or closing', async () => {
    const { socket, client } = await connect(kind);
    const closed = closeOf(socket);
    socket.pause();
    client.send('never taken');
    socket.close(4000);
    socket.terminate();
    expect((await closed).code).toBe(1006);
  });
});

describe('a socket of a session', () => {
  test('refuses the codes of the protocol', async () => {
    const { socket } = await connect('chunk');
    expect(() => {
      socket.close(4900);
    }).toThrow(TypeError);
  });

  test('is closed with 1006 when nobody comes back', async () => {
    const { url, connections, clock } = await startWebSocketServer({ resumeMs: 1000 });
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const closed = closeOf(socket);
    peer.cut();
    const { session } = socket as unknown as { session: { status: string } };
    await expect.poll(() => session.status).toBe('waiting');
    expect(socket.readyState).toBe(1);
    const sent = outcome((callback) => {
      socket.send('x', callback);
    });
    expect(await sent).toBe('done');
    clock.skip(1001);
    expect((await closed).code).toBe(1006);
  });

  test('tells an error of the protocol, and ends', async () => {
    const { url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    const closed = closeOf(socket);
    peer.socket.send('text');
    expect((await closed).code).toBe(4900);
    expect(errors.map(({ name }) => name)).toEqual(['ProtocolError']);
  });

  test('needs nobody to listen for errors', async () => {
    const { url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    peer.socket.send('text');
    expect((await closeOf(socket)).code).toBe(4900);
  });

  test('ends with an error when its memory is full, and nothing overtakes what did not fit', async () => {
    const { url, connections } = await startWebSocketServer({ maxBufferedBytes: 100_000 });
    const client = openChunk(url);
    const { socket } = await connections.next();
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    const closed = closeOf(socket);
    socket.send(Buffer.alloc(50_000));
    const failed = outcome((callback) => {
      socket.send(Buffer.alloc(200_000), callback);
    });
    expect(socket.readyState).toBe(2);
    socket.send('after it');
    expect(await failed).toMatch(/200000/);
    expect((await closed).code).toBe(1006);
    expect(errors.map(({ name }) => name)).toEqual(['BufferFullError']);
    await client.closed;
    expect(client.messages.items).not.toContain('after it');
  });

  test('ends with 1009 when its client finds a message too big', async () => {
    const { url, connections } = await startWebSocketServer();
    const client = openChunk(url, { maxMessageBytes: 1000, maxStreamBytes: 1000 });
    const { socket } = await connections.next();
    socket.on('error', () => undefined);
    const closed = closeOf(socket);
    const failed = outcome((callback) => {
      socket.send(Buffer.alloc(2000), callback);
    });
    expect(await failed).toMatch(/2000/);
    expect((await closed).code).toBe(1009);
    expect((await client.closed).code).toBe(1009);
  });

  test('goes on when its client is back, and is connected once', async () => {
    const { url, connections, server } = await startWebSocketServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const { socket } = await connections.next();
    first.cut();
    const sent = outcome((callback) => {
      socket.send('while you were away', callback);
    });
    const second = await RawPeer.join(url, session, { connection: 2 });
    expect(await second.messages.next()).toBe('while you were away');
    expect(await sent).toBe('done');
    expect(connections.items).toEqual([]);
    expect(server.clients.size).toBe(1);
    expect(socket.readyState).toBe(1);
  });
});
