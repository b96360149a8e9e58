import { define } from '../page/harness.ts';

define('listeners are called once each, in the order in which they were added', async (t) => {
  const socket = t.open('burst');
  const calls: string[] = [];
  const a = (): void => void calls.push('a');
  const b = (): void => void calls.push('b');
  socket.addEventListener('message', a);
  socket.addEventListener('message', b);
  socket.addEventListener('message', a);
  await t.next(socket, 'message');
  t.equal(calls, ['a', 'b']);
});

define('once: a listener is called for the first event only', async (t) => {
  const socket = t.open('burst', { n: 3 });
  let count = 0;
  socket.addEventListener('message', () => count++, { once: true });
  await t.messages(socket, 3);
  t.equal(count, 1);
});

define('signal: a listener ends with it', async (t) => {
  const socket = t.open('burst', { n: 4 });
  const controller = new AbortController();
  let count = 0;
  socket.addEventListener(
    'message',
    () => {
      if (++count === 2) controller.abort();
    },
    { signal: controller.signal },
  );
  socket.addEventListener('message', () => (count += 100), { signal: AbortSignal.abort() });
  await t.messages(socket, 4);
  t.equal(count, 2);
});

define('handleEvent: a listener may be an object, looked at each time', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: unknown[] = [];
  const listener = {
    handleEvent(event: Event) {
      calls.push(['first', this === listener, event.type]);
      this.handleEvent = () => calls.push(['second']);
    },
  };
  socket.addEventListener('message', listener);
  await t.messages(socket, 2);
  t.equal(calls, [['first', true, 'message'], ['second']]);
});

define("capture: such listeners are others, and come when those of the browser's own do", async (t) => {
  await t.same('calls', async (socketClass) => {
    const socket = t.openAs(socketClass, 'burst');
    const calls: string[] = [];
    const listener = (): void => void calls.push('both');
    socket.addEventListener('message', () => calls.push('bubble'));
    socket.addEventListener('message', listener);
    socket.addEventListener('message', listener, true);
    socket.addEventListener('message', () => calls.push('capture'), { capture: true });
    await t.next(socket, 'message');
    await t.task();
    t.equal([...calls].sort(), ['both', 'both', 'bubble', 'capture']);
    return calls;
  });
});

define('passive and null listeners are taken', async (t) => {
  const socket = t.open('burst');
  let count = 0;
  socket.addEventListener('message', () => count++, { passive: true });
  socket.addEventListener('message', null as unknown as EventListener);
  await t.next(socket, 'message');
  t.equal(count, 1);
});

define('this is the socket in listeners that are functions', async (t) => {
  const socket = t.open('burst');
  const seen: boolean[] = [];
  socket.addEventListener('message', function () {
    seen.push(this === socket);
  });
  await t.next(socket, 'message');
  t.equal(seen, [true]);
});

define('a listener that is removed is not called, even by another one', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: string[] = [];
  const second = (): void => void calls.push('second');
  const first = (): void => {
    calls.push('first');
    socket.removeEventListener('message', second);
  };
  socket.addEventListener('message', first);
  socket.addEventListener('message', second);
  await t.messages(socket, 2);
  t.equal(calls, ['first', 'first']);
});

define('a listener that is added by another one is called from the next event on', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: string[] = [];
  socket.addEventListener(
    'message',
    ({ data }) => {
      socket.addEventListener('message', (event) => calls.push(`inner ${String(event.data)}`));
      calls.push(`outer ${String(data)}`);
    },
    { once: true },
  );
  await t.until('there are two calls', () => calls.length >= 2);
  t.equal(calls, ['outer 0', 'inner 1']);
});

define('stopImmediatePropagation keeps later listeners out', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: string[] = [];
  socket.addEventListener('message', (event) => {
    calls.push('first');
    if (event.data === '0') event.stopImmediatePropagation();
  });
  socket.addEventListener('message', () => calls.push('second'));
  socket.onmessage = () => calls.push('handler');
  await t.until('there are four calls', () => calls.length >= 4);
  t.equal(calls, ['first', 'first', 'second', 'handler']);
});

define('a listener that throws is reported to the window, and the others are called', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const thrown = new Error('mine');
  const calls: string[] = [];
  socket.addEventListener('message', () => {
    calls.push('first');
    throw thrown;
  });
  socket.addEventListener('message', () => calls.push('second'));
  await t.messages(socket, 2);
  t.equal(calls, ['first', 'second', 'first', 'second'], 'calls');
  t.equal(
    t.takeErrors().map((error) => error === thrown),
    [true, true],
    'reports',
  );
  t.equal(socket.readyState, 1, 'readyState');
});

for (const name of ['open', 'error', 'close'] as const) {
  define(`a handler and a listener of ${name} that throw are reported, and what follows goes on`, async (t) => {
    const socket = t.open(name === 'error' ? 'hold' : 'echo');
    const [inHandler, inListener] = [new Error('handler'), new Error('listener')];
    const types: string[] = [];
    socket[`on${name}`] = () => {
      throw inHandler;
    };
    socket.addEventListener(name, () => {
      throw inListener;
    });
    for (const type of ['open', 'error', 'close'] as const) socket.addEventListener(type, () => types.push(type));
    if (name === 'error') {
      socket.close();
    } else {
      await t.next(socket, 'open');
      socket.close();
    }
    await t.next(socket, 'close');
    t.equal(types, [name === 'error' ? 'error' : 'open', 'close'], 'events');
    const reports = t.takeErrors();
    t.equal([reports.length, reports[0] === inHandler, reports[1] === inListener], [2, true, true], 'reports');
  });
}

define('a throw does not lose the messages behind it', async (t) => {
  const socket = t.open('burst', { n: 20 });
  const received: unknown[] = [];
  socket.onmessage = ({ data }) => {
    received.push(data);
    throw new Error('mine');
  };
  await t.messages(socket, 20);
  t.equal(received.length, 20);
  t.equal(t.takeErrors().length, 20);
});

// Between listeners of what a script dispatches there is no time for microtasks: there ours cannot be as the browser's.
define('microtasks of listeners run before the task is over', async (t) => {
  const socket = t.open('burst', { n: 2 });
  const calls: string[] = [];
  socket.addEventListener('message', ({ data }) => {
    calls.push(`first ${String(data)}`);
    queueMicrotask(() => calls.push(`microtask ${String(data)}`));
  });
  socket.addEventListener('message', ({ data }) => calls.push(`second ${String(data)}`));
  await t.until('there are six calls', () => calls.length >= 6);
  t.equal(calls.slice(0, 3).sort(), ['first 0', 'microtask 0', 'second 0'], 'first message');
  t.equal(calls.slice(3).sort(), ['first 1', 'microtask 1', 'second 1'], 'second message');
});
