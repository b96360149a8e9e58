import { define } from '../page/harness.ts';

/** A descriptor, with types for what is to be found out. */
interface Member {
  readonly value?: unknown;
  readonly writable?: boolean;
  readonly enumerable?: boolean;
  readonly configurable?: boolean;
  readonly get?: ((this: unknown) => unknown) | undefined;
  readonly set?: ((this: unknown, value: unknown) => void) | undefined;
}

function describeMember(target: object, name: PropertyKey): Member {
  return Object.getOwnPropertyDescriptor(target, name) ?? {};
}

const CONSTANTS = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;
const READ_ONLY = ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'] as const;
const READ_WRITE = ['onopen', 'onerror', 'onclose', 'onmessage', 'binaryType'] as const;
const ATTRIBUTES = [...READ_ONLY, ...READ_WRITE] as const;
const METHODS = { send: 1, close: 0 } as const;

const FOREIGN: readonly (readonly [string, (prototype: object) => unknown])[] = [
  ['{}', () => ({})],
  ['undefined', () => undefined],
  ['null', () => null],
  ['1', () => 1],
  ['an EventTarget', () => new EventTarget()],
  ['the window', () => globalThis],
  ['the prototype', (prototype) => prototype],
  ['an heir of the prototype', (prototype) => Object.create(prototype) as unknown],
];

define('the class inherits from EventTarget', (t) => {
  t.equal(Object.getPrototypeOf(t.WebSocketClass) === EventTarget, true, 'prototype of the class');
  t.equal(Object.getPrototypeOf(t.WebSocketClass.prototype) === EventTarget.prototype, true, 'prototype of that');
});

define('an instance is an EventTarget and a WebSocket', (t) => {
  const socket = t.open('silent');
  t.equal(socket instanceof EventTarget, true, 'instanceof EventTarget');
  t.equal(socket instanceof t.WebSocketClass, true, 'instanceof its class');
  t.equal(Object.getPrototypeOf(socket) === t.WebSocketClass.prototype, true, 'prototype');
  t.equal(socket.constructor === t.WebSocketClass, true, 'constructor');
});

define('the class has the name WebSocket and the length 1', (t) => {
  const name = describeMember(t.WebSocketClass, 'name');
  const length = describeMember(t.WebSocketClass, 'length');
  t.equal(name, { value: 'WebSocket', writable: false, enumerable: false, configurable: true }, 'name');
  t.equal(length, { value: 1, writable: false, enumerable: false, configurable: true }, 'length');
});

define('the property prototype of the class cannot be changed', (t) => {
  const { writable, enumerable, configurable } = describeMember(t.WebSocketClass, 'prototype');
  t.equal({ writable, enumerable, configurable }, { writable: false, enumerable: false, configurable: false });
});

define('the property constructor is like that of any class', (t) => {
  const descriptor = describeMember(t.WebSocketClass.prototype, 'constructor');
  const { value, ...flags } = descriptor;
  t.equal(value === t.WebSocketClass, true, 'constructor');
  t.equal(flags, { writable: true, enumerable: false, configurable: true });
});

define('it is an [object WebSocket]', (t) => {
  const { prototype } = t.WebSocketClass;
  const tag = describeMember(prototype, Symbol.toStringTag);
  t.equal(tag, { value: 'WebSocket', writable: false, enumerable: false, configurable: true }, 'tag');
  t.equal(Object.prototype.toString.call(prototype), '[object WebSocket]', 'prototype');
  t.equal(Object.prototype.toString.call(t.open('silent')), '[object WebSocket]', 'instance');
  t.equal(Reflect.apply(String, undefined, [t.open('silent')]), '[object WebSocket]', 'string');
});

CONSTANTS.forEach((name, value) => {
  define(`${name} is ${value} on the class and its prototype, enumerable and not to be changed`, (t) => {
    const expected = { value, writable: false, enumerable: true, configurable: false };
    t.equal(describeMember(t.WebSocketClass, name), expected, 'class');
    t.equal(describeMember(t.WebSocketClass.prototype, name), expected, 'prototype');
    t.equal(t.open('silent')[name], value, 'instance');
    t.throws(() => ((t.WebSocketClass as unknown as Record<string, number>)[name] = 7), 'TypeError', 'set');
  });
});

for (const name of ATTRIBUTES) {
  define(`${name} is an accessor of the prototype, enumerable and configurable`, (t) => {
    const descriptor = describeMember(t.WebSocketClass.prototype, name);
    const { get, set, enumerable, configurable } = descriptor;
    const hasSetter = (READ_WRITE as readonly string[]).includes(name);
    t.equal({ enumerable, configurable }, { enumerable: true, configurable: true }, 'flags');
    t.equal([get?.name, get?.length], [`get ${name}`, 0], 'getter');
    t.equal([set?.name, set?.length], hasSetter ? [`set ${name}`, 1] : [undefined, undefined], 'setter');
  });

  define(`${name} is read of nothing but a WebSocket`, (t) => {
    const { prototype } = t.WebSocketClass;
    const get = describeMember(prototype, name).get;
    for (const [what, make] of FOREIGN) t.throws(() => get?.call(make(prototype)), 'TypeError', what);
  });
}

for (const name of READ_WRITE) {
  define(`${name} is set of nothing but a WebSocket`, (t) => {
    const { prototype } = t.WebSocketClass;
    const set = describeMember(prototype, name).set;
    for (const [what, make] of FOREIGN) {
      t.throws(() => set?.call(make(prototype), null), 'TypeError', what);
    }
  });
}

for (const name of READ_ONLY) {
  define(`${name} cannot be set`, (t) => {
    const socket = t.open('silent');
    const before = socket[name];
    t.throws(() => ((socket as unknown as Record<string, unknown>)[name] = 'other'), 'TypeError', 'in strict code');
    t.equal(Reflect.set(socket, name, 'other'), false, 'Reflect.set');
    t.equal(socket[name], before, name);
  });
}

for (const [name, length] of Object.entries(METHODS)) {
  define(`${name} is a method of the prototype, enumerable, writable and configurable`, (t) => {
    const { value, ...flags } = describeMember(t.WebSocketClass.prototype, name);
    const method = value as (...args: unknown[]) => unknown;
    t.equal(flags, { writable: true, enumerable: true, configurable: true }, 'flags');
    t.equal([method.name, method.length], [name, length], 'name and length');
    t.equal('prototype' in method, false, 'has a prototype');
    t.throws(() => Reflect.construct(method, []) as unknown, 'TypeError', 'new');
  });

  define(`${name} is called of nothing but a WebSocket`, (t) => {
    const { prototype } = t.WebSocketClass;
    const method = describeMember(prototype, name).value as (...args: unknown[]) => unknown;
    for (const [what, make] of FOREIGN) {
      t.throws(() => method.call(make(prototype), 'x'), 'TypeError', what);
    }
    t.throws(() => method.call({}, 1), 'TypeError', 'before its arguments are looked at');
  });
}

define('the class and its prototype have no other members', async (t) => {
  // `with`, which makes a class of other options, is all that ours has more, and no loop finds it.
  await t.same('members of the class', (socketClass) =>
    Reflect.ownKeys(socketClass)
      .map(String)
      .filter((key) => key !== 'with')
      .sort(),
  );
  await t.same('keys of the class', (socketClass) => Object.keys(socketClass).sort());
  await t.same('members of the prototype', ({ prototype }) => Reflect.ownKeys(prototype).map(String).sort());
});

define('an instance has no members of its own', (t) => {
  t.equal(Reflect.ownKeys(t.open('silent')).map(String), []);
});

define("for … in finds what it finds of the browser's own", async (t) => {
  await t.same('keys', (socketClass) => {
    const keys: string[] = [];
    for (const key in t.openAs(socketClass, 'silent')) keys.push(key);
    return keys.sort();
  });
});

define('members of EventTarget are those of EventTarget', (t) => {
  const socket = t.open('silent');
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const) {
    t.equal(Reflect.get(socket, name) === Reflect.get(EventTarget.prototype, name), true, name);
  }
});

define('a class may extend it', async (t) => {
  class Heir extends t.WebSocketClass {
    readonly extra = 1;
    override get url(): string {
      return `${super.url}!`;
    }
  }
  const socket = t.construct(Heir, t.url('echo')) as WebSocket & { extra?: number };
  t.equal([socket instanceof Heir, socket instanceof t.WebSocketClass, socket.extra], [true, true, 1], 'instanceof');
  t.equal(socket.url, `${t.url('echo')}!`, 'url');
  await t.next(socket, 'open');
  socket.send('a');
  t.equal((await t.next(socket, 'message')).data, 'a', 'echo');
});

define('new.target gives the prototype, which may be that of anything', async (t) => {
  const target = function (): void {
    // Only its prototype counts.
  };
  const socket = Reflect.construct(t.WebSocketClass, [t.url('silent')], target) as WebSocket;
  t.equal(Object.getPrototypeOf(socket) === target.prototype, true, 'prototype');
  const { get } = describeMember(t.WebSocketClass.prototype, 'readyState');
  t.equal(get?.call(socket), 0, 'readyState');
  const types: string[] = [];
  const closed = new Promise<void>((resolve) => {
    for (const type of ['open', 'error', 'close']) {
      EventTarget.prototype.addEventListener.call(socket, type, () => {
        types.push(type);
        if (type === 'open') t.WebSocketClass.prototype.close.call(socket);
        if (type === 'close') resolve();
      });
    }
  });
  await closed;
  t.equal(types, ['open', 'close']);
});

define('events are dispatched whatever dispatchEvent of the instance is', async (t) => {
  const socket = t.open('echo');
  socket.dispatchEvent = () => {
    throw new Error('It is not to be called.');
  };
  await t.next(socket, 'open');
});

define('instances can be told apart and hold properties', (t) => {
  const socket = t.open('silent') as WebSocket & { mine?: number };
  socket.mine = 1;
  t.equal(Object.keys(socket), ['mine']);
  t.equal(Object.isExtensible(socket), true);
});
