import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect, kinds, outcome } from './rig.ts';
import type { AnySocket } from './rig.ts';

const bytes = Uint8Array.of(9, 1, 2, 3, 9);
const middle = bytes.subarray(1, 4);
const expected = Buffer.from([1, 2, 3]);

type Case = readonly [name: string, send: (socket: AnySocket) => void, expected: string | Buffer];

const cases: readonly Case[] = [
  [
    'a string',
    (socket) => {
      socket.send('grüß');
    },
    'grüß',
  ],
  [
    'an empty string',
    (socket) => {
      socket.send('');
    },
    '',
  ],
  [
    'a number, as text',
    (socket) => {
      socket.send(42);
    },
    '42',
  ],
  [
    'zero, as text',
    (socket) => {
      socket.send(0);
    },
    '0',
  ],
  [
    'a Buffer',
    (socket) => {
      socket.send(Buffer.from(middle));
    },
    expected,
  ],
  [
    'a view of a part',
    (socket) => {
      socket.send(middle);
    },
    expected,
  ],
  [
    'a DataView',
    (socket) => {
      socket.send(new DataView(bytes.buffer, 1, 3));
    },
    expected,
  ],
  [
    'an ArrayBuffer',
    (socket) => {
      socket.send(Uint8Array.of(1, 2, 3).buffer);
    },
    expected,
  ],
  [
    'an array of numbers',
    (socket) => {
      socket.send([1, 2, 3]);
    },
    expected,
  ],
  [
    'a Blob',
    (socket) => {
      socket.send(new Blob([middle]));
    },
    expected,
  ],
  [
    'an empty Buffer',
    (socket) => {
      socket.send(Buffer.alloc(0));
    },
    Buffer.alloc(0),
  ],
  [
    'nothing',
    (socket) => {
      socket.send(undefined as unknown as string);
    },
    Buffer.alloc(0),
  ],
  [
    'a string that is said to be binary',
    (socket) => {
      socket.send('abc', { binary: true });
    },
    Buffer.from('abc'),
  ],
  [
    'a Buffer that is said to be text',
    (socket) => {
      socket.send(Buffer.from('abc'), { binary: false });
    },
    'abc',
  ],
  [
    'a Blob that is said to be text',
    (socket) => {
      socket.send(new Blob(['abc']), { binary: false });
    },
    'abc',
  ],
  [
    'options that say nothing',
    (socket) => {
      socket.send('abc', {});
    },
    'abc',
  ],
  [
    'a text in parts',
    (socket) => {
      socket.send('a', { fin: false });
      socket.send(Buffer.from('b'), { fin: false });
      socket.send('c', { fin: true });
    },
    'abc',
  ],
  [
    'bytes in parts',
    (socket) => {
      socket.send(Buffer.from([1]), { fin: false });
      socket.send(Buffer.from([2, 3]));
    },
    expected,
  ],
];

describe.each(kinds)('a socket of %s sends', (kind) => {
  test.each(cases)('%s', async (_name, send, message) => {
    const { socket, client } = await connect(kind);
    send(socket);
    socket.send('last');
    expect(await client.messages.take(2)).toEqual([message, 'last']);
  });

  test('in order, whatever the forms, and calls back in order', async () => {
    const { socket, client } = await connect(kind);
    const told: number[] = [];
    const all = Array.from({ length: 60 }, (_, index) => {
      const data = index % 3 === 0 ? `${index}` : index % 3 === 1 ? Buffer.from([index]) : new Blob([`${index}`]);
      return outcome((callback) => {
        socket.send(data, (error) => {
          told.push(index);
          callback(error);
        });
      });
    });
    expect(new Set(await Promise.all(all))).toEqual(new Set(['done']));
    const messages = await client.messages.take(60);
    expect(messages[57]).toBe('57');
    expect(messages[58]).toEqual(Buffer.from([58]));
    expect(messages[59]).toEqual(Buffer.from('59'));
    expect(told).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });

  test('a message after the other, each from the callback of the last, without waiting for round trips', async () => {
    const { socket, client } = await connect(kind);
    const startMs = performance.now();
    for (let index = 0; index < 500; index++) {
      await outcome((callback) => {
        socket.send('x', callback);
      });
    }
    await client.messages.take(500);
    // With an acknowledgement for each it would be 10 s.
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  test('what its caller may change at once', async () => {
    const { socket, client } = await connect(kind);
    const data = Buffer.from('before');
    await outcome((callback) => {
      socket.send(data, callback);
    });
    data.fill('x');
    expect(await client.messages.next()).toEqual(Buffer.from('before'));
  });

  test('nothing that is no data', async () => {
    const { socket } = await connect(kind);
    expect(() => {
      socket.send({} as unknown as string);
    }).toThrow(TypeError);
    expect(() => {
      socket.send(true as unknown as string);
    }).toThrow(TypeError);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('nothing once it is closing, and tells only the callback', async () => {
    const { socket, client } = await connect(kind);
    socket.close(4000);
    const before = socket.bufferedAmount;
    socket.send('too late');
    expect(socket.bufferedAmount).toBe(before + 8);
    const closing = 'WebSocket is not open: readyState 2 (CLOSING)';
    expect(
      await outcome((callback) => {
        socket.send('x', callback);
      }),
    ).toBe(closing);
    expect(
      await outcome((callback) => {
        socket.ping('x', false, callback);
      }),
    ).toBe(closing);
    await client.closed;
    await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED);
    const closed = 'WebSocket is not open: readyState 3 (CLOSED)';
    expect(
      await outcome((callback) => {
        socket.send('x', { binary: true }, callback);
      }),
    ).toBe(closing.replace('2 (CLOSING)', '3 (CLOSED)'));
    expect(
      await outcome((callback) => {
        socket.pong('x', false, callback);
      }),
    ).toBe(closed);
    expect(client.messages.items).toEqual([]);
  });

  test('and counts what is not delivered', async () => {
    const { socket, client } = await connect(kind);
    const sent = outcome((callback) => {
      socket.send(Buffer.alloc(100_000), callback);
    });
    expect(socket.bufferedAmount).toBeGreaterThanOrEqual(kind === 'ws' ? 0 : 100_000);
    await sent;
    await client.messages.next();
    await expect.poll(() => socket.bufferedAmount).toBe(0);
  });

  test('a Blob that cannot be read: to the callback, as an error, and as the end', async () => {
    const { socket, client } = await connect(kind);
    const broken = new Blob(['x']);
    const fail = (): Promise<never> => Promise.reject(new Error('unreadable'));
    Object.defineProperties(broken, {
      arrayBuffer: { value: fail },
      slice: { value: () => ({ arrayBuffer: fail }) },
    });
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    const code = new Promise((resolve) => socket.on('close', resolve));
    expect(
      await outcome((callback) => {
        socket.send(broken, callback);
      }),
    ).not.toBe('done');
    expect(await code).toBe(1006);
    expect(errors).toHaveLength(1);
    await client.closed;
  });
});
