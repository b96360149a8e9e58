import { define } from '../page/harness.ts';

const MIB = 1024 * 1024;
/** More than any kernel keeps for a connection that nobody reads. */
const MUCH = 24 * MIB;

for (const [what, data, bytes] of [
  ['ASCII', 'abc', 3],
  ['characters of more bytes', '\u{e4}\u{20ac}\u{1f600}', 9],
  ['lone surrogates, three bytes each', '\ud800\udc00\ud800', 7],
  ['an ArrayBuffer', new ArrayBuffer(10), 10],
  ['a view', new Uint16Array(new ArrayBuffer(10), 2, 3), 6],
  ['nothing', '', 0],
] as const) {
  define(`bufferedAmount grows by the bytes of ${what}`, async (t) => {
    const socket = await t.opened('echo');
    t.equal(socket.bufferedAmount, 0, 'at first');
    socket.send(data);
    t.equal(socket.bufferedAmount, bytes, 'after one');
    socket.send(data);
    t.equal(socket.bufferedAmount, 2 * bytes, 'after two');
    socket.send('x');
    t.equal(socket.bufferedAmount, 2 * bytes + 1, 'after three');
  });
}

define('bufferedAmount grows by the bytes of a Blob', async (t) => {
  const socket = await t.opened('echo');
  socket.send(new Blob(['12345']));
  t.equal(socket.bufferedAmount, 5, 'one');
  socket.send('\u{e4}');
  socket.send(new Blob([new Uint8Array(1000)]));
  t.equal(socket.bufferedAmount, 1007, 'three');
});

define('bufferedAmount does not change within the task', async (t) => {
  const socket = await t.opened('echo');
  socket.send(new Uint8Array(1000));
  for (let count = 0; count < 100; count++) await Promise.resolve();
  for (const until = performance.now() + 30; performance.now() < until;);
  t.equal(socket.bufferedAmount, 1000);
});

define('bufferedAmount falls to 0 when everything was sent', async (t) => {
  const socket = await t.opened('echo');
  const received = t.messages(socket, 3);
  socket.send('abc');
  socket.send(new Uint8Array(100_000));
  socket.send(new Blob([new Uint8Array(100_000)]));
  await received;
  await t.until('bufferedAmount is 0', () => socket.bufferedAmount === 0);
});

define('bufferedAmount stays where it is while nobody reads', async (t) => {
  const socket = await t.opened('stall', { name: 'unread' });
  socket.send(new Uint8Array(MUCH));
  socket.send('abc');
  t.equal(socket.bufferedAmount, MUCH + 3, 'at once');
  for (let tasks = 0; tasks < 20; tasks++) await t.task();
  t.equal(socket.bufferedAmount > MIB, true, `more than a MiB is left`);
  await t.drop('unread');
});

define('bufferedAmount does not fall because of close()', async (t) => {
  const socket = await t.opened('stall', { name: 'closing' });
  for (let count = 0; count < MUCH / MIB; count++) socket.send(new Uint8Array(MIB));
  t.equal(socket.bufferedAmount, MUCH, 'sent');
  socket.close();
  t.equal(socket.bufferedAmount, MUCH, 'closing');
  await t.drop('closing');
});

define("bufferedAmount after the end of the connection is as in the browser's own", async (t) => {
  await t.same(
    'something is left',
    async (socketClass) => {
      const socket = await t.openedAs(socketClass, 'stall', { name: 'dropped' });
      for (let count = 0; count < MUCH / MIB; count++) socket.send(new Uint8Array(MIB));
      const closed = t.next(socket, 'close');
      for (let tasks = 0; tasks < 5; tasks++) await t.task();
      await t.drop('dropped');
      t.equal((await closed).code, 1006, 'code');
      return socket.bufferedAmount > 0;
    },
    true,
  );
});

for (const [what, data, bytes] of [
  ['strings', 'a\u{20ac}', 4],
  ['buffers', new ArrayBuffer(100), 100],
  ['views', new Uint8Array(new ArrayBuffer(100), 10, 50), 50],
  ['Blobs', new Blob(['12345']), 5],
] as const) {
  define(`after close() send() of ${what} does nothing but add to bufferedAmount`, async (t) => {
    await t.same(
      'bufferedAmount',
      async (socketClass) => {
        const socket = await t.openedAs(socketClass, 'echo');
        const events: string[] = [];
        for (const type of ['message', 'error'] as const) socket.addEventListener(type, () => events.push(type));
        socket.close();
        socket.send(data);
        const closing = socket.bufferedAmount;
        await t.next(socket, 'close');
        const closed = socket.bufferedAmount;
        socket.send(data);
        socket.send(data);
        const atLast = socket.bufferedAmount;
        t.equal([closing >= bytes, closed >= closing, atLast >= closed + 2 * bytes, events], [true, true, true, []]);
        return [closing, closed, atLast];
      },
      [bytes, bytes, 3 * bytes],
    );
  });
}

define('after close() while connecting send() adds to bufferedAmount', async (t) => {
  await t.same(
    'bufferedAmount',
    async (socketClass) => {
      const socket = t.openAs(socketClass, 'hold');
      socket.close();
      socket.send('abc');
      const closing = socket.bufferedAmount;
      await t.next(socket, 'close');
      socket.send('abc');
      return [closing, socket.bufferedAmount];
    },
    [3, 6],
  );
});
