import { define } from '../page/harness.ts';

const SYNTAX_ERROR = 'DOMException SyntaxError 12';
const HEADERS = 'the offer of a session has names of its own';

const OFFERS: readonly (readonly [string, () => readonly unknown[], string])[] = [
  ['nothing', () => [], ''],
  ['undefined', () => [undefined], ''],
  ['an empty array', () => [[]], ''],
  ['a string', () => ['a'], 'a'],
  ['an array', () => [['a', 'b']], 'a,b'],
  ['a Set', () => [new Set(['b', 'a'])], 'b,a'],
  [
    'a generator',
    () => [
      (function* () {
        yield 'a';
        yield 'c';
      })(),
    ],
    'a,c',
  ],
  ['a String object, which is an iterable', () => [Object('ab') as unknown], 'a,b'],
  ['null, which is a string', () => [null], 'null'],
  ['a number, which is a string', () => [42], '42'],
  ['an array of what becomes strings', () => [[1, null, undefined]], '1,null,undefined'],
  ['one more argument', () => ['a', 'b'], 'a'],
  ['an object with toString', () => [{ toString: () => 'x' }], 'x'],
  ['names that differ in case', () => [['a', 'A']], 'a,A'],
  ['every character that a name may have', () => ["!#$%&'*+-.^_`|~0189azAZ"], "!#$%&'*+-.^_`|~0189azAZ"],
];

for (const [what, args, offered] of OFFERS) {
  define(
    `${what} as protocols offers "${offered}"`,
    async (t) => {
      const socket = t.construct(t.WebSocketClass, t.url('info'), ...args());
      t.equal(socket.protocol, '', 'protocol at first');
      const { data } = (await t.next(socket, 'message')) as MessageEvent<string>;
      const { protocols } = JSON.parse(data) as { protocols: string };
      t.equal(protocols.replaceAll(' ', ''), offered, 'offer');
      t.equal(socket.protocol, offered.split(',')[0], 'protocol');
    },
    { notInSession: HEADERS },
  );

  define(`${what} as protocols makes the first the protocol`, async (t) => {
    const socket = t.construct(t.WebSocketClass, t.url('echo'), ...args());
    await t.next(socket, 'open');
    t.equal(socket.protocol, offered.split(',')[0], 'protocol');
  });
}

define('a protocol that the server chooses is the protocol', async (t) => {
  const socket = t.open('echo', { protocol: 'b' }, ['a', 'b', 'c']);
  t.equal(socket.protocol, '', 'at first');
  await t.next(socket, 'open');
  t.equal(socket.protocol, 'b', 'when open');
  socket.close();
  await t.next(socket, 'close');
  t.equal(socket.protocol, 'b', 'when closed');
});

define('the server may choose no protocol', async (t) => {
  await t.same(
    'a server that chooses none',
    async (socketClass) => {
      const socket = t.construct(socketClass, t.url('echo', { protocol: '' }), ['a', 'b']);
      const type = await Promise.race([t.next(socket, 'open'), t.next(socket, 'close')]).then((event) => event.type);
      return [type, socket.protocol];
    },
    ['open', ''],
  );
});

define(
  'a protocol that was not offered fails the connection',
  async (t) => {
    await t.same('a server that chooses another', async (socketClass) => {
      const socket = t.construct(socketClass, t.url('misfit', { protocol: 'z' }), ['a', 'b']);
      const events: string[] = [];
      for (const type of ['open', 'error'] as const) socket.addEventListener(type, () => events.push(type));
      const { code, wasClean } = await t.next(socket, 'close');
      return [events, code, wasClean, socket.protocol];
    });
  },
  { notInSession: 'the server of a session chooses among what is offered' },
);

for (const [what, protocols] of [
  ['an empty name', ''],
  ['an empty name among others', ['a', '']],
  ['a name given twice', ['a', 'b', 'a']],
  ['an array with an array of two', [['a', 'b']]],
  ['an object', {}],
] as const) {
  define(`${what} is a SyntaxError`, (t) => {
    t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), protocols), SYNTAX_ERROR);
  });
}

define('characters that no name may have are a SyntaxError', (t) => {
  for (const character of '()<>@,;:\\"/[]?={} \t\r\n\0\u{7f}\u{80}\u{e4}\u{20ac}\ud800') {
    for (const name of [character, `a${character}b`]) {
      t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), name), SYNTAX_ERROR, JSON.stringify(name));
      t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), [name]), SYNTAX_ERROR, JSON.stringify([name]));
    }
  }
});

define('symbols are a TypeError', (t) => {
  t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), Symbol('a')), 'TypeError');
  t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), [Symbol('a')]), 'TypeError');
  t.throws(() => t.construct(t.WebSocketClass, 'ftp://127.0.0.1/', Symbol('a')), 'TypeError', 'with a bad URL');
});

define('an iterator that is none is a TypeError', (t) => {
  t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), { [Symbol.iterator]: 1 }), 'TypeError', '1');
  t.throws(
    () => t.construct(t.WebSocketClass, t.url('silent'), { [Symbol.iterator]: () => 1 }),
    'TypeError',
    '() => 1',
  );
});

define('what an iterator throws is thrown', (t) => {
  const iterable = {
    [Symbol.iterator](): never {
      throw new RangeError('mine');
    },
  };
  t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), iterable), 'RangeError');
});

define('a bad URL and bad protocols are one SyntaxError', (t) => {
  t.throws(() => t.construct(t.WebSocketClass, 'ftp://127.0.0.1/', ['a', 'a']), SYNTAX_ERROR);
});

define('the array of protocols may be changed afterwards', async (t) => {
  const protocols = ['a'];
  const socket = t.open('echo', {}, protocols);
  protocols[0] = 'b';
  await t.next(socket, 'open');
  t.equal(socket.protocol, 'a');
});
