import { define } from '../page/harness.ts';
import { show } from '../page/show.ts';

/** It takes more than TypeScript lets it. */
type Loose = Omit<WebSocket, 'binaryType'> & { binaryType: unknown };

define('binaryType is blob at first, and takes arraybuffer and blob', (t) => {
  const socket = t.open('silent');
  t.equal(socket.binaryType, 'blob', 'at first');
  socket.binaryType = 'arraybuffer';
  t.equal(socket.binaryType, 'arraybuffer', 'set');
  socket.binaryType = 'blob';
  t.equal(socket.binaryType, 'blob', 'set again');
});

define('binaryType ignores other values without an error', (t) => {
  const socket = t.open('silent') as Loose;
  for (const before of ['blob', 'arraybuffer']) {
    socket.binaryType = before;
    for (const value of ['', 'Blob', 'ARRAYBUFFER', 'uint8array', 'text', null, undefined, 1, {}, []]) {
      socket.binaryType = value;
      t.equal(socket.binaryType, before, show(value));
    }
  }
});

define('binaryType takes what becomes one of its strings', (t) => {
  const socket = t.open('silent') as Loose;
  socket.binaryType = { toString: () => 'arraybuffer' };
  t.equal(socket.binaryType, 'arraybuffer', 'object');
  socket.binaryType = ['blob'];
  t.equal(socket.binaryType, 'blob', 'array');
});

define('binaryType set to a symbol is a TypeError', (t) => {
  const socket = t.open('silent') as Loose;
  t.throws(() => (socket.binaryType = Symbol('s')), 'TypeError');
  t.equal(socket.binaryType, 'blob');
});

define('binaryType can be set in each state', async (t) => {
  const socket = t.open('echo');
  socket.binaryType = 'arraybuffer';
  await t.next(socket, 'open');
  t.equal(socket.binaryType, 'arraybuffer', 'open');
  socket.close();
  socket.binaryType = 'blob';
  t.equal(socket.binaryType, 'blob', 'closing');
  await t.next(socket, 'close');
  socket.binaryType = 'arraybuffer';
  t.equal(socket.binaryType, 'arraybuffer', 'closed');
});

define('a binary message is a Blob without a type', async (t) => {
  const socket = await t.opened('echo');
  socket.send(Uint8Array.of(1, 2, 255));
  const { data } = (await t.next(socket, 'message')) as MessageEvent<Blob>;
  t.equal(
    [data instanceof Blob, data.size, data.type, Object.getPrototypeOf(data) === Blob.prototype],
    [true, 3, '', true],
  );
  t.equal(await data.arrayBuffer(), Uint8Array.of(1, 2, 255).buffer);
});

define('a binary message is an ArrayBuffer of just its bytes', async (t) => {
  const socket = await t.opened('echo');
  socket.binaryType = 'arraybuffer';
  socket.send(Uint8Array.of(1, 2, 255));
  const { data } = (await t.next(socket, 'message')) as MessageEvent<ArrayBuffer>;
  t.equal([data instanceof ArrayBuffer, data.byteLength], [true, 3]);
  t.equal(data, Uint8Array.of(1, 2, 255).buffer);
});

define('each binary message has a buffer of its own', async (t) => {
  const socket = t.open('burst', { n: 3, binary: 1 });
  socket.binaryType = 'arraybuffer';
  const buffers = (await t.messages(socket, 3)) as ArrayBuffer[];
  t.equal(new Set(buffers).size, 3);
  const [first, ...others] = buffers;
  if (first !== undefined) structuredClone(first, { transfer: [first] });
  t.equal([first?.byteLength, ...others.map((other) => other.byteLength)], [0, 1, 1]);
});

define('text messages are strings whatever binaryType is', async (t) => {
  const socket = await t.opened('echo');
  for (const binaryType of ['blob', 'arraybuffer'] as const) {
    socket.binaryType = binaryType;
    socket.send('text');
    t.equal((await t.next(socket, 'message')).data, 'text');
  }
});

define('empty binary messages', async (t) => {
  const socket = await t.opened('echo');
  socket.send(new ArrayBuffer(0));
  const first = (await t.next(socket, 'message')) as MessageEvent<Blob>;
  t.equal([first.data instanceof Blob, first.data.size], [true, 0]);
  socket.binaryType = 'arraybuffer';
  socket.send(new ArrayBuffer(0));
  const second = (await t.next(socket, 'message')) as MessageEvent<ArrayBuffer>;
  t.equal([second.data instanceof ArrayBuffer, second.data.byteLength], [true, 0]);
});

define('binaryType applies to messages that come later', async (t) => {
  const socket = await t.opened('echo');
  const tags: string[] = [];
  for (const binaryType of ['blob', 'arraybuffer', 'blob', 'nonsense', 'arraybuffer']) {
    socket.binaryType = binaryType as BinaryType;
    socket.send(Uint8Array.of(1));
    tags.push(Object.prototype.toString.call((await t.next(socket, 'message')).data));
  }
  const [blob, buffer] = ['[object Blob]', '[object ArrayBuffer]'];
  t.equal(tags, [blob, buffer, blob, blob, buffer]);
});

define('binaryType that is set between send() and the answer counts', async (t) => {
  const socket = await t.opened('echo');
  socket.send(Uint8Array.of(1));
  socket.binaryType = 'arraybuffer';
  t.equal((await t.next(socket, 'message')).data instanceof ArrayBuffer, true);
});

define("binaryType set in a handler, for messages that are there already, is as in the browser's own", async (t) => {
  await t.same('kinds', async (socketClass) => {
    const socket = t.openAs(socketClass, 'burst', { n: 4, binary: 1 });
    const tags: string[] = [];
    socket.addEventListener('message', ({ data }) => {
      tags.push(Object.prototype.toString.call(data));
      socket.binaryType = 'arraybuffer';
    });
    await t.messages(socket, 4);
    return tags;
  });
});
