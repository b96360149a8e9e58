import { define } from '../page/harness.ts';
import type { SocketClass } from '../page/harness.ts';
import { show } from '../page/show.ts';
import type { Tools } from '../page/tools.ts';

type Name = keyof WebSocketEventMap;

/** A socket whose next event is of that type. */
async function meet(t: Tools, socketClass: SocketClass, name: Name): Promise<WebSocket> {
  switch (name) {
    case 'open':
      return t.openAs(socketClass, 'echo');
    case 'message':
      return t.openAs(socketClass, 'burst');
    case 'error': {
      const socket = t.openAs(socketClass, 'hold');
      socket.close();
      return socket;
    }
    case 'close': {
      const socket = await t.openedAs(socketClass, 'close', { on: 'message', code: 3001, reason: 'why' });
      socket.send('x');
      return socket;
    }
  }
}

/** Everything that can be read of it, but for the time, and `isTrusted`, which no script can set. */
function membersOf(event: Event): Record<string, string> {
  const members: Record<string, string> = {};
  for (const key in event) {
    if (key === 'isTrusted' || key === 'timeStamp') continue;
    const value = (event as unknown as Record<string, unknown>)[key];
    if (typeof value !== 'function') members[key] = show(value);
  }
  return members;
}

/** By name, for not all of them are there where the tests are only listed. */
const CLASSES: Readonly<Record<Name, string>> = {
  open: 'Event',
  message: 'MessageEvent',
  error: 'Event',
  close: 'CloseEvent',
};

for (const name of Object.keys(CLASSES) as Name[]) {
  define(`${name} is an event of the right class`, async (t) => {
    const socket = await meet(t, t.WebSocketClass, name);
    const event = await t.next(socket, name);
    const { prototype } = Reflect.get(globalThis, CLASSES[name]) as { prototype: Event };
    t.equal(Object.getPrototypeOf(event) === prototype, true, 'prototype');
    t.equal(event instanceof Event, true, 'instanceof Event');
    t.equal(event.type, name, 'type');
  });

  define(`${name} does not bubble and cannot be cancelled`, async (t) => {
    const socket = await meet(t, t.WebSocketClass, name);
    const event = await t.next(socket, name);
    t.equal([event.bubbles, event.cancelable, event.composed], [false, false, false]);
    event.preventDefault();
    t.equal(event.defaultPrevented, false);
  });

  define(`${name} has the socket as its target`, async (t) => {
    const socket = await meet(t, t.WebSocketClass, name);
    const during: unknown[] = [];
    socket.addEventListener(name, (event) => {
      during.push(event.target === socket, event.currentTarget === socket, Reflect.get(event, 'srcElement') === socket);
      during.push(event.eventPhase, event.composedPath().length, event.composedPath()[0] === socket);
    });
    const event = await t.next(socket, name);
    t.equal(during, [true, true, true, Event.AT_TARGET, 1, true], 'in a listener');
    await t.task();
    t.equal([event.target === socket, event.currentTarget, event.eventPhase], [true, null, 0], 'afterwards');
    t.equal(event.composedPath(), [], 'path afterwards');
  });

  define(`${name} has its time`, async (t) => {
    const from = performance.now();
    const event = await t.next(await meet(t, t.WebSocketClass, name), name);
    t.equal(event.timeStamp >= from - 1 && event.timeStamp <= performance.now() + 1, true);
  });

  define(`every member of ${name} is as in the browser's own`, async (t) => {
    const read = async (socketClass: SocketClass): Promise<unknown> => {
      const socket = await meet(t, socketClass, name);
      return new Promise((resolve) => {
        socket.addEventListener(name, (event) => {
          const { target, currentTarget, srcElement, ...members } = membersOf(event);
          resolve({ ...members, targets: new Set([target, currentTarget, srcElement]).size });
        });
      });
    };
    await t.same(name, read);
  });
}

define('a message has data, origin, and empty fields for the rest', async (t) => {
  const socket = t.open('burst');
  const event = await t.next(socket, 'message');
  t.equal(event.data as string, '0', 'data');
  t.equal(event.origin, new URL(socket.url).origin, 'origin');
  t.equal(event.origin, `ws://${location.host}`, 'origin of the server');
  t.equal([event.lastEventId, event.source], ['', null], 'lastEventId and source');
  t.equal([event.ports.length, Object.isFrozen(event.ports)], [0, true], 'ports');
});

define('a close has code, reason and wasClean', async (t) => {
  const socket = await meet(t, t.WebSocketClass, 'close');
  const { code, reason, wasClean } = await t.next(socket, 'close');
  t.equal([code, reason, wasClean], [3001, 'why', true]);
});

define('events of a life come in order: open, messages, close', async (t) => {
  const socket = t.open('burst', { n: 3, code: 3000 });
  const types: string[] = [];
  for (const name of Object.keys(CLASSES) as Name[]) socket.addEventListener(name, ({ type }) => types.push(type));
  await t.next(socket, 'close');
  t.equal(types, ['open', 'message', 'message', 'message', 'close']);
});

define('error comes before close, and neither twice', async (t) => {
  const socket = await t.opened('drop', { on: 'message' });
  const types: string[] = [];
  for (const name of Object.keys(CLASSES) as Name[]) socket.addEventListener(name, ({ type }) => types.push(type));
  socket.send('x');
  await t.next(socket, 'close');
  for (let tasks = 0; tasks < 5; tasks++) await t.task();
  // A session has an error to tell: it is given up.
  await t.same(
    'events of a dropped connection',
    async (socketClass) => {
      if (socketClass === t.WebSocketClass) return types;
      const other = await t.openedAs(socketClass, 'drop', { on: 'message' });
      const others: string[] = [];
      for (const name of Object.keys(CLASSES) as Name[]) other.addEventListener(name, ({ type }) => others.push(type));
      other.send('x');
      await t.next(other, 'close');
      return others;
    },
    ['error', 'close'],
  );
  t.equal(types.at(-1), 'close', 'last');
});

define('events that scripts dispatch reach listeners and handlers', (t) => {
  const socket = t.open('silent');
  const seen: unknown[] = [];
  socket.onmessage = ({ data }) => seen.push(data);
  socket.addEventListener('message', ({ data }) => seen.push(data));
  socket.onopen = ({ type }) => seen.push(type);
  t.equal(socket.dispatchEvent(new MessageEvent('message', { data: 7 })), true);
  socket.dispatchEvent(new Event('open'));
  socket.dispatchEvent(new Event('other'));
  t.equal(seen, [7, 7, 'open']);
  t.equal(socket.readyState, 0);
});

define('an event of a script that is cancelled by a handler', (t) => {
  const socket = t.open('silent');
  socket.onmessage = () => false;
  t.equal(socket.dispatchEvent(new MessageEvent('message', { cancelable: true })), false, 'false');
  socket.onmessage = () => undefined;
  t.equal(socket.dispatchEvent(new MessageEvent('message', { cancelable: true })), true, 'undefined');
});
