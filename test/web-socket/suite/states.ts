import { define } from '../page/harness.ts';

define('readyState goes through CONNECTING, OPEN, CLOSING and CLOSED', async (t) => {
  const socket = t.open('echo');
  t.equal(socket.readyState, 0, 'at first');
  await t.next(socket, 'open');
  t.equal(socket.readyState, 1, 'when open');
  socket.close();
  t.equal(socket.readyState, 2, 'after close()');
  await t.next(socket, 'close');
  t.equal(socket.readyState, 3, 'when closed');
});

define('nothing happens before the constructor has returned and its task goes on', async (t) => {
  const socket = t.open('echo');
  const events: string[] = [];
  socket.addEventListener('open', () => events.push('open'));
  for (let count = 0; count < 100; count++) await Promise.resolve();
  t.equal([socket.readyState, events], [0, []], 'microtasks');
  for (const until = performance.now() + 50; performance.now() < until;);
  t.equal([socket.readyState, events], [0, []], 'after 50 ms of the same task');
  await t.next(socket, 'open');
});

define('readyState is OPEN in handlers of open, and of message', async (t) => {
  const socket = t.open('burst');
  const states: unknown[] = [];
  socket.onopen = () => states.push(['open', socket.readyState]);
  socket.onmessage = () => states.push(['message', socket.readyState]);
  await t.next(socket, 'message');
  t.equal(states, [
    ['open', 1],
    ['message', 1],
  ]);
});

define('readyState is CLOSED in handlers of close', async (t) => {
  const socket = await t.opened('close', { code: 3000, on: 'message' });
  const states: number[] = [];
  socket.onclose = () => states.push(socket.readyState);
  socket.send('x');
  await t.next(socket, 'close');
  t.equal(states, [3]);
});

define(
  "readyState in handlers of error is as in the browser's own",
  async (t) => {
    await t.same('refused', async (socketClass) => {
      const socket = t.openAs(socketClass, 'refused');
      const states: unknown[] = [];
      for (const type of ['error', 'close'] as const) {
        socket.addEventListener(type, () => states.push([type, socket.readyState]));
      }
      await t.next(socket, 'close');
      return states;
    });
  },
  { notInSession: 'a session tries again' },
);

define('protocol and extensions are empty before open, and protocol stays so when there is none', async (t) => {
  const socket = t.open('echo');
  t.equal([socket.protocol, socket.extensions], ['', ''], 'at first');
  await t.next(socket, 'open');
  t.equal(socket.protocol, '', 'when open');
});

for (const kind of ['echo', 'deflate'] as const) {
  define(
    `extensions at ${kind} are those of the browser's own`,
    async (t) => {
      await t.same('extensions', async (socketClass) => {
        const socket = await t.openedAs(socketClass, kind);
        const before = socket.extensions;
        socket.close();
        await t.next(socket, 'close');
        return [before, socket.extensions];
      });
    },
    { notInSession: 'what the browser and that server have negotiated is no matter of the session' },
  );
}

define('url is kept after the end', async (t) => {
  const socket = await t.opened('echo', { a: 1 });
  socket.close();
  await t.next(socket, 'close');
  t.equal(socket.url, t.url('echo', { a: 1 }));
});

define('binaryType, handlers and bufferedAmount have their values from the start', (t) => {
  const socket = t.open('silent');
  const { binaryType, bufferedAmount, onopen, onmessage, onerror, onclose } = socket;
  t.equal([binaryType, bufferedAmount, onopen, onmessage, onerror, onclose], ['blob', 0, null, null, null, null]);
});

define('many sockets are open side by side', async (t) => {
  const sockets = Array.from({ length: 8 }, () => t.open('echo'));
  await Promise.all(sockets.map((socket) => t.next(socket, 'open')));
  const answers = sockets.map((socket) => t.next(socket, 'message'));
  sockets.forEach((socket, index) => {
    socket.send(String(index));
  });
  t.equal(
    (await Promise.all(answers)).map(({ data }) => data as string),
    ['0', '1', '2', '3', '4', '5', '6', '7'],
  );
});
