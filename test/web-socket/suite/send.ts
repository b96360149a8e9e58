import { define } from '../page/harness.ts';
import type { SocketClass } from '../page/harness.ts';
import type { Tools } from '../page/tools.ts';

const BYTES = [0, 1, 2, 127, 128, 255, 254, 3, 9, 17, 33, 65, 64, 32, 16, 8];

/** What comes back of it, or what sending it throws. */
async function echoOf(t: Tools, socketClass: SocketClass, data: unknown): Promise<unknown> {
  const socket = await t.openedAs(socketClass, 'echo');
  socket.binaryType = 'arraybuffer';
  const thrown = t.thrownBy(() => {
    socket.send(data as string);
  });
  if (thrown !== undefined) return thrown;
  const amount = socket.bufferedAmount;
  const answer: unknown = (await t.next(socket, 'message')).data;
  return [amount, answer];
}

for (const [what, data, expected = data] of [
  ['', ''],
  ['text', 'text'],
  ['several lines', 'a\r\nb\0c'],
  ['characters of 1 to 4 bytes', 'a\u{e4}\u{20ac}\u{1f600}'],
  ['a lone high surrogate', 'a\ud83d!', 'a\u{fffd}!'],
  ['a lone low surrogate', '\ude00!', '\u{fffd}!'],
  ['surrogates the wrong way round', '\ude00\ud83d', '\u{fffd}\u{fffd}'],
  ['a byte order mark', '\u{feff}a'],
] as const) {
  define(`send() of a string: ${what === '' ? 'empty' : what}`, async (t) => {
    const amount = new TextEncoder().encode(data).length;
    t.equal(await echoOf(t, t.WebSocketClass, data), [amount, expected]);
  });
}

for (const [what, data, expected] of [
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['a number', 1.5, '1.5'],
  ['a boolean', true, 'true'],
  ['a bigint', 10n, '10'],
  ['an object', {}, '[object Object]'],
  ['an array', [1, [2, 3]], '1,2,3'],
  ['an object with toString', { toString: () => 'mine' }, 'mine'],
  ['a String object', Object('text') as unknown, 'text'],
  ['a date-like object', { [Symbol.toPrimitive]: (hint: string) => hint }, 'string'],
] as const) {
  define(`send() of ${what} sends the string "${expected}"`, async (t) => {
    t.equal(await echoOf(t, t.WebSocketClass, data), [expected.length, expected]);
  });
}

define('send() of a function sends its source', async (t) => {
  const data = (): number => 1;
  t.equal(await echoOf(t, t.WebSocketClass, data), [String(data).length, String(data)]);
});

define('send() of a symbol is a TypeError', async (t) => {
  t.equal(await echoOf(t, t.WebSocketClass, Symbol('s')), 'TypeError');
});

define('send() throws what a conversion throws', async (t) => {
  const data = {
    toString(): never {
      throw new RangeError('mine');
    },
  };
  t.equal(await echoOf(t, t.WebSocketClass, data), 'RangeError');
});

define('send() without an argument is a TypeError, in each state', async (t) => {
  const send = (socket: WebSocket): void => {
    t.throws(
      () => {
        (socket.send as () => void)();
      },
      'TypeError',
      `state ${socket.readyState}`,
    );
  };
  const socket = t.open('echo');
  send(socket);
  await t.next(socket, 'open');
  send(socket);
  socket.close();
  send(socket);
  await t.next(socket, 'close');
  send(socket);
});

define('send() while CONNECTING is an InvalidStateError', (t) => {
  const socket = t.open('silent');
  for (const data of ['', 'x', new Uint8Array(1), new Blob(['x'])]) {
    t.throws(() => {
      socket.send(data);
    }, 'DOMException InvalidStateError 11');
  }
  t.equal(socket.bufferedAmount, 0);
});

define('send() while CONNECTING converts its argument first', (t) => {
  const socket = t.open('silent');
  t.throws(() => {
    socket.send(Symbol('s') as unknown as string);
  }, 'TypeError');
});

define('send() returns undefined, open and closed', async (t) => {
  const socket = await t.opened('echo');
  t.equal(t.call(socket, 'send', 'x'), undefined, 'open');
  socket.close();
  t.equal(t.call(socket, 'send', 'x'), undefined, 'closing');
  await t.next(socket, 'close');
  t.equal(t.call(socket, 'send', 'x'), undefined, 'closed');
});

define('further arguments of send() are ignored', async (t) => {
  const socket = await t.opened('echo');
  (socket.send as (...args: unknown[]) => void)('a', 'b', { c: 1 });
  t.equal((await t.next(socket, 'message')).data, 'a');
});

const buffer = (): ArrayBuffer => new Uint8Array(BYTES).buffer;

for (const [what, make, expected] of [
  ['an ArrayBuffer', buffer, BYTES],
  ['an empty ArrayBuffer', () => new ArrayBuffer(0), []],
  ...[
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map(
    (View) =>
      [
        `a ${View.name}, a part of its buffer`,
        () => new View(buffer(), 8, 8 / View.BYTES_PER_ELEMENT),
        BYTES.slice(8),
      ] as const,
  ),
  ['a DataView, a part of its buffer', () => new DataView(buffer(), 3, 5), BYTES.slice(3, 8)],
  ['a view of nothing', () => new Uint8Array(buffer(), 16), []],
  ['a Blob', () => new Blob([buffer()]), BYTES],
  [
    'a Blob of several parts and a type',
    () => new Blob([buffer(), 'a', new Blob(['b'])], { type: 'text/plain' }),
    [...BYTES, 97, 98],
  ],
  ['a slice of a Blob', () => new Blob([buffer()]).slice(2, 4), BYTES.slice(2, 4)],
  ['an empty Blob', () => new Blob([]), []],
  ['a File', () => new File([buffer()], 'name.bin'), BYTES],
] as readonly (readonly [string, () => ArrayBuffer | ArrayBufferView | Blob, readonly number[]])[]) {
  define(`send() of ${what} sends its bytes`, async (t) => {
    const expectedBuffer = Uint8Array.from(expected).buffer;
    t.equal(await echoOf(t, t.WebSocketClass, make()), [expected.length, expectedBuffer]);
  });
}

for (const [what, make] of [
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(8)],
  ['a view of a SharedArrayBuffer', () => new Uint8Array(new SharedArrayBuffer(8))],
  ['a DataView of a SharedArrayBuffer', () => new DataView(new SharedArrayBuffer(8))],
] as const) {
  define(`send() of ${what} is as in the browser's own`, async (t) => {
    if (typeof SharedArrayBuffer === 'undefined') return;
    await t.same(what, (socketClass) => echoOf(t, socketClass, make()));
  });
}

define("send() of a buffer that was transferred is as in the browser's own", async (t) => {
  const detached = (): ArrayBuffer => {
    const given = buffer();
    structuredClone(given, { transfer: [given] });
    return given;
  };
  await t.same('buffer', (socketClass) => echoOf(t, socketClass, detached()));
  await t.same('view', (socketClass) => {
    const view = new Uint8Array(buffer());
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return echoOf(t, socketClass, view);
  });
});

define("send() of a buffer that can grow is as in the browser's own", async (t) => {
  const resizable = (): ArrayBuffer => Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer;
  await t.same('buffer', (socketClass) => echoOf(t, socketClass, resizable()));
  await t.same('view', (socketClass) => echoOf(t, socketClass, new Uint8Array(resizable())));
});

define('send() of what only pretends to be a buffer or a Blob sends a string', async (t) => {
  const blob = Object.create(Blob.prototype) as Blob;
  t.equal(await echoOf(t, t.WebSocketClass, blob), [13, '[object Blob]']);
  const view = Object.create(Object.prototype, { byteLength: { value: 2 }, buffer: { value: buffer() } }) as object;
  t.equal(await echoOf(t, t.WebSocketClass, view), [15, '[object Object]']);
});

define('send() takes buffers of another realm', async (t) => {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  try {
    const realm = frame.contentWindow as unknown as typeof globalThis;
    const given = new realm.Uint8Array([1, 2, 3]);
    const expected = Uint8Array.of(1, 2, 3).buffer;
    t.equal(await echoOf(t, t.WebSocketClass, given.buffer), [3, expected], 'buffer');
    t.equal(await echoOf(t, t.WebSocketClass, given), [3, expected], 'view');
    t.equal(await echoOf(t, t.WebSocketClass, new realm.Blob(['a'])), [1, Uint8Array.of(97).buffer], 'Blob');
  } finally {
    frame.remove();
  }
});

define('bytes are those at the time of send()', async (t) => {
  const socket = await t.opened('echo');
  socket.binaryType = 'arraybuffer';
  const received = t.messages(socket, 2);
  const bytes = new Uint8Array(4).fill(1);
  socket.send(bytes);
  bytes.fill(2);
  socket.send(bytes.buffer);
  bytes.fill(3);
  t.equal(await received, [Uint8Array.of(1, 1, 1, 1).buffer, Uint8Array.of(2, 2, 2, 2).buffer]);
});

define('a buffer that is sent is not detached', async (t) => {
  const socket = await t.opened('echo');
  const given = buffer();
  socket.send(given);
  t.equal(given.byteLength, 16);
  await t.next(socket, 'message');
  t.equal(given.byteLength, 16);
});

define('strings, buffers and Blobs arrive in the order in which they were sent', async (t) => {
  const socket = await t.opened('echo');
  socket.binaryType = 'arraybuffer';
  const received = t.messages(socket, 30);
  const expected: unknown[] = [];
  for (let index = 0; index < 10; index++) {
    socket.send(new Blob([`blob ${index}`]));
    socket.send(`text ${index}`);
    socket.send(new TextEncoder().encode(`view ${index}`));
    expected.push(new TextEncoder().encode(`blob ${index}`).buffer);
    expected.push(`text ${index}`);
    expected.push(new TextEncoder().encode(`view ${index}`).buffer);
  }
  t.equal(await received, expected);
});

define('a Blob that is sent before close() arrives', async (t) => {
  const socket = await t.opened('close', { on: 'message', code: 3005 });
  socket.send(new Blob([new Uint8Array(100_000)]));
  t.equal((await t.next(socket, 'close')).code, 3005);
});
