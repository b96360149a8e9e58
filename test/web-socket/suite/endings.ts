import { define } from '../page/harness.ts';
import type { SocketClass } from '../page/harness.ts';
import type { Kind, Params, Tools } from '../page/tools.ts';

const SESSION_CODES = 'a session is closed with 1000 or 3000 to 4899';
const RETRIES = 'a session tries again';

/** How a socket ends that the server, or its absence, brings to an end. */
async function endOf(t: Tools, socketClass: SocketClass, kind: Kind, params: Params = {}): Promise<unknown> {
  const socket = t.openAs(socketClass, kind, params);
  const events: string[] = [];
  for (const type of ['open', 'message', 'error'] as const) socket.addEventListener(type, () => events.push(type));
  const { code, reason, wasClean } = await t.next(socket, 'close');
  return { events, code, reason, wasClean, readyState: socket.readyState, bufferedAmount: socket.bufferedAmount };
}

const closed = (code: number, reason = ''): unknown => ({
  events: ['open'],
  code,
  reason,
  wasClean: true,
  readyState: 3,
  bufferedAmount: 0,
});

for (const code of [1000, 3000, 3999, 4000, 4899]) {
  define(`the server closes with ${code} and a reason`, async (t) => {
    t.equal(
      await endOf(t, t.WebSocketClass, 'close', { code, reason: 'the \u{20ac}nd' }),
      closed(code, 'the \u{20ac}nd'),
    );
  });
}

define('the server closes with 1000 and no reason', async (t) => {
  t.equal(await endOf(t, t.WebSocketClass, 'close', { code: 1000 }), closed(1000));
});

for (const code of [1001, 1002, 1003, 1007, 1008, 1009, 1011, 4900, 4999]) {
  define(
    `the server closes with ${code}`,
    async (t) => {
      t.equal(await endOf(t, t.WebSocketClass, 'close', { code, reason: 'why' }), closed(code, 'why'));
    },
    { notInSession: SESSION_CODES },
  );
}

// Of these one engine knows nothing, and fails the connection.
for (const code of [1012, 1013, 1014]) {
  define(
    `the server closes with ${code}, which ends as in the browser's own`,
    async (t) => {
      await t.same('end', (socketClass) => endOf(t, socketClass, 'close', { code, reason: 'why' }));
    },
    { notInSession: SESSION_CODES },
  );
}

define(
  'the server closes without a code: 1005',
  async (t) => {
    t.equal(await endOf(t, t.WebSocketClass, 'close'), closed(1005));
  },
  { notInSession: SESSION_CODES },
);

define('the server closes with the longest reason', async (t) => {
  const reason = '\u{20ac}'.repeat(41);
  t.equal(await endOf(t, t.WebSocketClass, 'close', { code: 3000, reason }), closed(3000, reason));
});

define('both sides close at once', async (t) => {
  const socket = await t.opened('close', { code: 3000, on: 'message' });
  socket.send('x');
  socket.close(3001);
  const { code, wasClean } = await t.next(socket, 'close');
  t.equal([[3000, 3001].includes(code), wasClean], [true, true]);
});

define('a connection that is dropped ends with 1006', async (t) => {
  const run = async (socketClass: SocketClass): Promise<unknown> => {
    const socket = await t.openedAs(socketClass, 'drop', { on: 'message' });
    const events: string[] = [];
    for (const type of ['message', 'error'] as const) socket.addEventListener(type, () => events.push(type));
    socket.send('x');
    const { code, reason, wasClean } = await t.next(socket, 'close');
    t.equal([code, reason, wasClean, socket.readyState], [1006, '', false, 3]);
    return events;
  };
  // A session has an error to tell: it is given up.
  await t.same('events', run, ['error']);
});

define(
  'a connection that is refused ends with error, then close with 1006',
  async (t) => {
    t.equal(await endOf(t, t.WebSocketClass, 'refused'), {
      events: ['error'],
      code: 1006,
      reason: '',
      wasClean: false,
      readyState: 3,
      bufferedAmount: 0,
    });
  },
  { notInSession: RETRIES },
);

define(
  'a server that answers 404 ends with error, then close with 1006',
  async (t) => {
    t.equal(await endOf(t, t.WebSocketClass, '404'), {
      events: ['error'],
      code: 1006,
      reason: '',
      wasClean: false,
      readyState: 3,
      bufferedAmount: 0,
    });
  },
  { notInSession: RETRIES },
);

define(
  'a connection that fails leaves protocol and extensions empty, and url',
  async (t) => {
    const socket = t.open('refused', {}, ['a']);
    await t.next(socket, 'close');
    t.equal([socket.protocol, socket.extensions, socket.url], ['', '', t.url('refused')]);
  },
  { notInSession: RETRIES },
);

define('after the end no event comes any more', async (t) => {
  const socket = t.open('close', { code: 3000 });
  await t.next(socket, 'close');
  const events: string[] = [];
  for (const type of ['open', 'message', 'error', 'close'] as const) {
    socket.addEventListener(type, () => events.push(type));
  }
  socket.send('x');
  socket.close();
  const other = await t.opened('echo');
  other.send('x');
  await t.next(other, 'message');
  t.equal([socket.readyState, events], [3, []]);
});

define('a new socket to the same place has nothing of the old one', async (t) => {
  const first = await t.opened('echo');
  first.close(3000);
  await t.next(first, 'close');
  const second = await t.opened('echo');
  second.send('x');
  t.equal((await t.next(second, 'message')).data, 'x');
  t.equal([first.readyState, second.readyState], [3, 1]);
});
