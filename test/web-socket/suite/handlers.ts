import { define } from '../page/harness.ts';

const HANDLERS = ['onopen', 'onmessage', 'onerror', 'onclose'] as const;

/** Handlers take more than TypeScript lets them. */
type Loose = Record<(typeof HANDLERS)[number], unknown>;

const loose = (socket: WebSocket): Loose => socket;

for (const name of HANDLERS) {
  define(`${name} is null, then what it was set to`, (t) => {
    const socket = loose(t.open('silent'));
    t.equal(socket[name], null, 'at first');
    const handler = (): void => undefined;
    socket[name] = handler;
    t.equal(socket[name] === handler, true, 'function');
    socket[name] = null;
    t.equal(socket[name], null, 'null');
  });

  define(`${name} set to what is no object becomes null`, (t) => {
    const socket = loose(t.open('silent'));
    for (const value of [undefined, 1, 0, '', 'alert(1)', true, Symbol('s'), 1n]) {
      socket[name] = (): void => undefined;
      socket[name] = value;
      t.equal(socket[name], null, String(value));
    }
  });

  define(`${name} keeps an object that cannot be called, and does not call it`, async (t) => {
    const socket = t.open('silent');
    let calls = 0;
    const object = { handleEvent: () => calls++ };
    await t.same('value', (socketClass) => {
      const other = loose(t.openAs(socketClass, 'silent'));
      other[name] = object;
      return other[name] === object;
    });
    loose(socket)[name] = object;
    const type = name.slice(2);
    socket.dispatchEvent(type === 'close' ? new CloseEvent(type) : new Event(type));
    t.equal(calls, 0, 'calls');
  });

  define(`${name} is called with the event, and the socket as this`, (t) => {
    const socket = t.open('silent');
    const calls: unknown[][] = [];
    loose(socket)[name] = function (this: unknown, ...args: unknown[]) {
      calls.push([this === socket, args.length, args[0]]);
    };
    const event = new Event(name.slice(2));
    socket.dispatchEvent(event);
    t.equal([calls.length, calls[0]?.[0], calls[0]?.[1], calls[0]?.[2] === event], [1, true, 1, true]);
  });
}

define('handlers are called for what really happens', async (t) => {
  const socket = t.open('burst', { n: 2, code: 3000 });
  const calls: string[] = [];
  for (const name of HANDLERS) loose(socket)[name] = ({ type }: Event) => calls.push(type);
  await t.next(socket, 'close');
  t.equal(calls, ['open', 'message', 'message', 'close']);
});

/** Sets up listeners, has one event come, and returns who was called. */
async function order(
  socket: WebSocket,
  setUp: (on: (name: string) => () => void, listen: (name: string) => void) => void,
): Promise<string[]> {
  const calls: string[] = [];
  const on = (name: string) => (): void => void calls.push(name);
  setUp(on, (name) => {
    socket.addEventListener('message', on(name));
  });
  await new Promise<void>((resolve) => {
    socket.addEventListener('message', () => {
      resolve();
    });
  });
  return calls;
}

define('a handler has its place among the listeners from when it is set', async (t) => {
  const socket = t.open('burst');
  const calls = await order(socket, (on, listen) => {
    listen('a');
    socket.onmessage = on('handler');
    listen('b');
  });
  t.equal(calls, ['a', 'handler', 'b']);
});

define('a handler that replaces another keeps its place', async (t) => {
  const socket = t.open('burst');
  const calls = await order(socket, (on, listen) => {
    listen('a');
    socket.onmessage = on('first');
    listen('b');
    socket.onmessage = on('second');
  });
  t.equal(calls, ['a', 'second', 'b']);
});

define('a handler that was null in between comes last', async (t) => {
  const socket = t.open('burst');
  const calls = await order(socket, (on, listen) => {
    listen('a');
    socket.onmessage = on('first');
    listen('b');
    socket.onmessage = null;
    socket.onmessage = on('second');
  });
  t.equal(calls, ['a', 'b', 'second']);
});

define("a handler that replaces an object is where the browser's own has it", async (t) => {
  await t.same('order', (socketClass) => {
    const socket = t.openAs(socketClass, 'burst');
    return order(socket, (on, listen) => {
      listen('a');
      loose(socket).onmessage = {};
      listen('b');
      socket.onmessage = on('handler');
    });
  });
});

define('one function may be handler and listener', async (t) => {
  const socket = t.open('burst');
  let count = 0;
  const both = (): void => {
    count++;
  };
  socket.onmessage = both;
  socket.addEventListener('message', both);
  await t.next(socket, 'message');
  t.equal(count, 2, 'both');
  socket.removeEventListener('message', both);
  socket.dispatchEvent(new MessageEvent('message'));
  t.equal(count, 3, 'the handler is left');
  t.equal(socket.onmessage === both, true, 'attribute');
});

define('one function may be several handlers', (t) => {
  const socket = t.open('silent');
  const types: string[] = [];
  const handler = ({ type }: Event): void => void types.push(type);
  for (const name of HANDLERS) loose(socket)[name] = handler;
  for (const name of HANDLERS) socket.dispatchEvent(new Event(name.slice(2)));
  t.equal(types, ['open', 'message', 'error', 'close']);
});

define('a handler that is set to null in a listener before it is not called', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: string[] = [];
  socket.addEventListener('message', () => {
    calls.push('listener');
    socket.onmessage = null;
  });
  socket.onmessage = () => calls.push('handler');
  await t.messages(socket, 2);
  t.equal(calls, ['listener', 'listener']);
});

define('a handler that is replaced in a listener before it is called in its new form', async (t) => {
  const socket = t.open('burst');
  const calls: string[] = [];
  socket.addEventListener('message', () => {
    socket.onmessage = () => calls.push('new');
  });
  socket.onmessage = () => calls.push('old');
  await t.next(socket, 'message');
  t.equal(calls, ['new']);
});

define('handlers of one socket are no handlers of another', async (t) => {
  const [first, second] = [t.open('burst'), t.open('burst')];
  const calls: string[] = [];
  first.onmessage = () => calls.push('first');
  t.equal(second.onmessage, null);
  second.onmessage = () => calls.push('second');
  await Promise.all([t.next(first, 'message'), t.next(second, 'message')]);
  t.equal(calls.sort(), ['first', 'second']);
});

define('a handler that throws is reported to the window, and listeners are called', async (t) => {
  const socket = t.open('burst');
  const thrown = new TypeError('mine');
  socket.onmessage = () => {
    throw thrown;
  };
  let count = 0;
  socket.addEventListener('message', () => count++);
  await t.next(socket, 'message');
  const reports = t.takeErrors();
  t.equal([count, reports.length, reports[0] === thrown], [1, 1, true]);
});

define('what a handler throws that is no error is reported as it is', async (t) => {
  const socket = t.open('burst');
  socket.onmessage = () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is what the test is about
    throw 'a string';
  };
  await t.next(socket, 'message');
  t.equal(t.takeErrors(), ['a string']);
});

define('a promise that a handler returns and that is rejected is an unhandled rejection', async (t) => {
  const socket = t.open('burst');
  const reason = new Error('mine');
  loose(socket).onmessage = () => Promise.reject(reason);
  await t.next(socket, 'message');
  await t.until('it is reported', () => t.errors.length > 0);
  t.equal(t.takeErrors()[0] === reason, true);
});
