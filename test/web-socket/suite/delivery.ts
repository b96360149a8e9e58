import { define } from '../page/harness.ts';

const MIB = 1024 * 1024;
const MANY = 2000;

define('each message has a task of its own: a listener after an await misses none', async (t) => {
  const socket = t.open('burst', { n: 3 });
  await t.next(socket, 'open');
  const received: unknown[] = [];
  for (let index = 0; index < 3; index++) {
    received.push((await t.next(socket, 'message')).data);
    for (let count = 0; count < 1000; count++) await Promise.resolve();
  }
  t.equal(received, ['0', '1', '2']);
});

for (const binaryType of ['blob', 'arraybuffer'] as const) {
  define(`each binary message has a task of its own, as ${binaryType}`, async (t) => {
    const socket = t.open('burst', { n: 3, binary: 1 });
    socket.binaryType = binaryType;
    await t.next(socket, 'open');
    const received: Blob[] = [];
    for (let index = 0; index < 3; index++) {
      received.push(new Blob([(await t.next(socket, 'message')).data as Blob]));
      for (let count = 0; count < 1000; count++) await Promise.resolve();
    }
    t.equal(await new Blob(received).arrayBuffer(), Uint8Array.of(0, 1, 2).buffer);
  });
}

define('microtasks of a message are through before the next comes', async (t) => {
  const socket = t.open('burst', { n: 3 });
  const log: string[] = [];
  socket.onmessage = async ({ data }) => {
    log.push(`begin ${String(data)}`);
    for (let count = 0; count < 200; count++) await Promise.resolve();
    log.push(`end ${String(data)}`);
  };
  await t.until('all is logged', () => log.length === 6);
  t.equal(log, ['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
});

define('no message comes in the task of open', async (t) => {
  const socket = t.open('burst');
  const log: string[] = [];
  socket.onopen = async () => {
    for (let count = 0; count < 200; count++) await Promise.resolve();
    log.push('open is through');
  };
  socket.onmessage = () => log.push('message');
  await t.next(socket, 'message');
  t.equal(log, ['open is through', 'message']);
});

define('close comes in a task after that of the last message', async (t) => {
  const socket = t.open('burst', { n: 2, code: 3000 });
  const log: string[] = [];
  socket.onmessage = async ({ data }) => {
    for (let count = 0; count < 200; count++) await Promise.resolve();
    log.push(String(data));
  };
  socket.onclose = () => log.push('close');
  await t.next(socket, 'close');
  t.equal(log, ['0', '1', 'close']);
});

define('no event comes within send() or close()', async (t) => {
  const socket = await t.opened('echo');
  let isWithin = false;
  const within: string[] = [];
  for (const type of ['message', 'error', 'close'] as const) {
    socket.addEventListener(type, () => {
      if (isWithin) within.push(type);
    });
  }
  isWithin = true;
  for (let count = 0; count < 10; count++) socket.send('x');
  isWithin = false;
  await t.messages(socket, 10);
  isWithin = true;
  socket.close();
  isWithin = false;
  await t.next(socket, 'close');
  t.equal(within, []);
});

define('messages without a listener are lost, as events are', async (t) => {
  const socket = await t.opened('echo');
  let count = 0;
  const listener = (): void => {
    count++;
  };
  socket.send('a');
  socket.addEventListener('message', listener);
  await t.next(socket, 'message');
  socket.removeEventListener('message', listener);
  socket.send('b');
  // The answer to this comes after that to the one before, whose event nobody hears but this.
  const seen: unknown[] = [];
  socket.addEventListener('message', ({ data }) => seen.push(data), { once: true });
  socket.send('c');
  await t.until('something was seen', () => seen.length > 0);
  t.equal([count, seen], [1, ['b']]);
});

for (const [what, size] of [
  ['1 byte under 64 KiB', 65_535],
  ['64 KiB', 65_536],
  ['16 MiB', 16 * MIB],
] as const) {
  define(`text of ${what} goes and comes`, async (t) => {
    const socket = await t.opened('echo');
    const text = 'abcdefghijklmnopqrstuvwxyz\u{e4}'.repeat(Math.ceil(size / 27)).slice(0, size);
    socket.send(text);
    t.equal((await t.next(socket, 'message')).data === text, true);
  });

  for (const binaryType of ['blob', 'arraybuffer'] as const) {
    define(`bytes of ${what} go and come as ${binaryType}`, async (t) => {
      const socket = await t.opened('echo');
      socket.binaryType = binaryType;
      const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
      socket.send(binaryType === 'blob' ? new Blob([bytes]) : bytes);
      const { data } = (await t.next(socket, 'message')) as MessageEvent<Blob | ArrayBuffer>;
      const got = new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data);
      t.equal([got.length, got.findIndex((byte, index) => byte !== bytes[index])], [size, -1]);
    });
  }
}

define('characters of several bytes that fall on any boundary', async (t) => {
  const socket = await t.opened('echo');
  for (const head of ['', 'a', 'ab', 'abc']) {
    const text = head + '\u{1f600}'.repeat(20_000) + '\u{20ac}'.repeat(20_000);
    socket.send(text);
    t.equal((await t.next(socket, 'message')).data === text, true, head);
  }
});

define(`${MANY} messages go and come in order`, async (t) => {
  const socket = await t.opened('echo');
  const received = t.messages(socket, MANY);
  for (let index = 0; index < MANY; index++) socket.send(String(index));
  const wrong = (await received).findIndex((data, index) => data !== String(index));
  t.equal(wrong, -1);
});

define(`${MANY} messages that the server sends at once come in order`, async (t) => {
  const socket = t.open('burst', { n: MANY });
  const wrong = (await t.messages(socket, MANY)).findIndex((data, index) => data !== String(index));
  t.equal(wrong, -1);
});

define('text, buffers and Blobs keep their order on the way back', async (t) => {
  const socket = await t.opened('echo');
  const received = t.messages(socket, 300);
  for (let index = 0; index < 300; index++) {
    socket.send(
      index % 3 === 0
        ? String(index)
        : index % 3 === 1
          ? new TextEncoder().encode(String(index))
          : new Blob([String(index)]),
    );
  }
  const all = await Promise.all((await received).map((data) => (data instanceof Blob ? data.text() : data)));
  t.equal(
    all,
    Array.from({ length: 300 }, (_, index) => String(index)),
  );
});
