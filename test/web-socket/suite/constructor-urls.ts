import { define } from '../page/harness.ts';
import type { SocketClass } from '../page/harness.ts';
import { show } from '../page/show.ts';
import type { Tools } from '../page/tools.ts';

const SYNTAX_ERROR = 'DOMException SyntaxError 12';
const NOWHERE = 'a URL that leads nowhere: nothing is said of where the session would be';

/** The URL that a socket says it has, or what the constructor throws. */
function urlFrom(t: Tools, socketClass: SocketClass, ...args: readonly unknown[]): string | undefined {
  let url: string | undefined;
  const thrown = t.thrownBy(() => {
    const socket = t.construct(socketClass, ...args);
    url = socket.url;
    socket.close();
  });
  return thrown ?? url;
}

define('without arguments the constructor throws a TypeError', (t) => {
  t.throws(() => t.construct(t.WebSocketClass), 'TypeError');
});

define('without new it throws a TypeError', (t) => {
  const call = t.WebSocketClass as unknown as (url: string) => unknown;
  t.throws(() => call(t.url('silent')), 'TypeError', 'call');
  t.throws(() => Reflect.apply(call, t.open('silent'), [t.url('silent')]), 'TypeError', 'apply');
});

for (const [what, from] of [
  ['ws', (url: string) => url],
  ['http, which becomes ws', (url: string) => url.replace('ws:', 'http:')],
  ['HTTP in capitals', (url: string) => url.replace('ws:', 'HTTP:')],
  ['an absolute path', (url: string) => new URL(url).pathname],
  ['a relative path', (url: string) => `..${new URL(url).pathname}`],
  ['no scheme', (url: string) => url.replace('ws:', '')],
  ['spaces around it', (url: string) => ` \t${url}\n `],
  ['line ends and tabs in it', (url: string) => url.replace('echo', 'e\tc\r\nho')],
  ['a URL object', (url: string) => new URL(url)],
  ['an object with toString', (url: string) => ({ toString: () => url })],
] as const) {
  define(`a URL may be given with ${what}, and leads to the server`, async (t) => {
    const socket = t.construct(t.WebSocketClass, from(t.url('echo')));
    t.equal(socket.url, t.url('echo'), 'url at once');
    await t.next(socket, 'open');
    t.equal(socket.url, t.url('echo'), 'url when open');
  });
}

define('path and query reach the server', async (t) => {
  const socket = t.open('info', { a: 'b c', '\u{e4}': 1 });
  const { data } = (await t.next(socket, 'message')) as MessageEvent<string>;
  const { url } = JSON.parse(data) as { url: string };
  t.equal(url, t.url('info', { a: 'b c', '\u{e4}': 1 }).replace(/^ws:\/\/[^/]+/, ''));
});

define('origin and host reach the server', async (t) => {
  const socket = t.open('info');
  const { data } = (await t.next(socket, 'message')) as MessageEvent<string>;
  const { origin, host } = JSON.parse(data) as Record<string, string>;
  t.equal([origin, host], [location.origin, location.host]);
});

define(
  'https becomes wss',
  (t) => {
    t.equal(urlFrom(t, t.WebSocketClass, 'https://127.0.0.1:1234/a?b'), 'wss://127.0.0.1:1234/a?b');
  },
  { notInSession: NOWHERE },
);

define(
  'a URL is that of the parser: paths, hosts, ports, characters',
  async (t) => {
    const port = new URL(t.url('refused')).port;
    for (const given of [
      `ws://127.0.0.1:${port}`,
      `ws://127.0.0.1:${port}/a/../b/./c`,
      `ws://127.0.0.1:${port}/\u{e4} \u{1f600}?q=\u{e4} '"<>`,
      `ws://127.0.0.1:${port}/\ud800`,
      `ws:\\\\127.0.0.1:${port}\\a`,
      `ws:127.0.0.1:${port}/a`,
      `ws://user:password@127.0.0.1:${port}/`,
      `ws://0x7f.1:${port}/`,
      `ws://LOCALHOST:${port}/A`,
      'ws://127.0.0.1:80/',
      'wss://127.0.0.1:443/',
      'http://127.0.0.1:80/',
      'ws://[::1]:8080/',
      `//127.0.0.1:${port}/x`,
      '?query',
      '',
      '.',
      'null',
      './a:b',
    ]) {
      await t.same(JSON.stringify(given), (socketClass) => urlFrom(t, socketClass, given));
    }
  },
  { notInSession: NOWHERE },
);

define(
  'arguments of other types are converted to strings',
  async (t) => {
    for (const given of [undefined, null, 12, true, {}, [], ['a', 'b']]) {
      await t.same(show(given), (socketClass) => urlFrom(t, socketClass, given));
    }
    t.throws(() => t.construct(t.WebSocketClass, Symbol('s')), 'TypeError', 'symbol');
  },
  { notInSession: NOWHERE },
);

define('what a conversion throws is thrown', (t) => {
  const thrower = {
    toString(): never {
      throw new RangeError('mine');
    },
  };
  t.throws(() => t.construct(t.WebSocketClass, thrower), 'RangeError');
  t.throws(() => t.construct(t.WebSocketClass, t.url('silent'), [thrower]), 'RangeError');
});

define('arguments are converted, from the first to the last, before they are looked at', (t) => {
  const calls: string[] = [];
  const url = {
    toString() {
      calls.push('url');
      return 'http://[';
    },
  };
  const protocol = {
    toString() {
      calls.push('protocol');
      return '';
    },
  };
  t.throws(() => t.construct(t.WebSocketClass, url, [protocol]), SYNTAX_ERROR);
  t.equal(calls, ['url', 'protocol']);
});

for (const url of [
  'ftp://127.0.0.1/',
  'file:///tmp/x',
  'data:text/plain,x',
  'blob:http://127.0.0.1/x',
  'javascript:void 0',
  'mailto:nobody@localhost',
  'about:blank',
  'wsx://127.0.0.1/',
  'chunksocket://127.0.0.1/',
]) {
  define(`the scheme of ${url} is a SyntaxError`, (t) => {
    t.throws(() => t.construct(t.WebSocketClass, url), SYNTAX_ERROR);
  });
}

for (const url of ['ws:///', 'ws://a b/']) {
  define(
    `${url} is as in the browser's own`,
    async (t) => {
      await t.same(url, (socketClass) => urlFrom(t, socketClass, url));
    },
    { notInSession: NOWHERE },
  );
}

for (const url of ['ws://', 'http://[', 'ws://127.0.0.1:99999/', 'ws://127.0.0.1:x/', 'ws://%/', 'ws://1.2.3.4.5/']) {
  define(`${url}, which cannot be parsed, is a SyntaxError`, (t) => {
    t.throws(() => t.construct(t.WebSocketClass, url), SYNTAX_ERROR);
  });
}

for (const [what, fragment] of [
  ['a fragment', '#x'],
  ['an empty fragment', '#'],
] as const) {
  define(`${what} is as in the browser's own`, async (t) => {
    await t.same('absolute', (socketClass) => urlFrom(t, socketClass, `${t.url('echo')}${fragment}`));
    await t.same('relative', (socketClass) => urlFrom(t, socketClass, fragment));
  });
}

define('relative URLs are resolved against the base of the document', async (t) => {
  const base = document.createElement('base');
  base.href = '/other/folder/';
  document.head.append(base);
  try {
    const standard = new URL('../x/echo', document.baseURI).href.replace('http', 'ws');
    await t.same('base', (socketClass) => urlFrom(t, socketClass, '../x/echo'), standard);
    t.equal(urlFrom(t, t.WebSocketClass, '../../echo'), t.url('echo'), 'url');
  } finally {
    base.remove();
  }
});

define(
  "a blocked port is as in the browser's own",
  async (t) => {
    await t.same('port 1', (socketClass) => urlFrom(t, socketClass, 'ws://127.0.0.1:1/'));
    await t.same('port 25', (socketClass) => urlFrom(t, socketClass, 'ws://127.0.0.1:25/'));
  },
  { notInSession: NOWHERE },
);
