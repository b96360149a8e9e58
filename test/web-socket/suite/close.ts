import { define } from '../page/harness.ts';

const INVALID_ACCESS = 'DOMException InvalidAccessError 15';
const SYNTAX_ERROR = 'DOMException SyntaxError 12';

/** 123 bytes of UTF-8 in 41 characters. */
const LONGEST = '\u{20ac}'.repeat(41);

for (const code of [1000, 3000, 3999, 4000, 4899]) {
  define(`close(${code}) is a clean end with that code`, async (t) => {
    const socket = await t.opened('echo');
    t.equal(t.call(socket, 'close', code, 'done'), undefined, 'close()');
    const { code: got, reason, wasClean } = await t.next(socket, 'close');
    t.equal([got, reason, wasClean], [code, 'done', true]);
  });
}

define('close(4999) is a clean end with that code', async (t) => {
  const socket = await t.opened('echo');
  socket.close(4999);
  const { code, reason, wasClean } = await t.next(socket, 'close');
  t.equal([code, reason, wasClean], [4999, '', true]);
});

define('close() has no code: 1005', async (t) => {
  const socket = await t.opened('echo');
  socket.close();
  const { code, reason, wasClean } = await t.next(socket, 'close');
  t.equal([code, reason, wasClean], [1005, '', true]);
});

for (const [what, args, standardCode, standardReason] of [
  ['close(undefined)', [undefined], 1005, ''],
  ['close(undefined, undefined)', [undefined, undefined], 1005, ''],
  ['close(undefined, reason)', [undefined, 'why'], 1005, ''],
  ['close(1000, undefined)', [1000, undefined], 1000, ''],
  ['close(1000, reason)', [1000, 'why'], 1000, 'why'],
] as const) {
  define(`${what} ends as in the browser's own`, async (t) => {
    await t.same(
      'end',
      async (socketClass) => {
        const socket = await t.openedAs(socketClass, 'echo');
        const thrown = t.thrownBy(() => {
          t.call(socket, 'close', ...args);
        });
        if (thrown !== undefined) return [thrown, socket.readyState];
        const { code, reason, wasClean } = await t.next(socket, 'close');
        return { code, reason, wasClean };
      },
      { code: standardCode, reason: standardReason, wasClean: true },
    );
  });
}

for (const code of [0, 1, 999, 1001, 1002, 1005, 1006, 1011, 1015, 2999, 5000, 65_535, -1, 1e10, Infinity]) {
  define(`close(${code}) is an InvalidAccessError and closes nothing`, async (t) => {
    const socket = await t.opened('echo');
    t.throws(() => {
      socket.close(code);
    }, INVALID_ACCESS);
    t.equal(socket.readyState, 1, 'readyState');
    socket.send('a');
    t.equal((await t.next(socket, 'message')).data, 'a');
  });
}

for (const [what, given, code] of [
  ["'1000'", '1000', 1000],
  ["' 0xbb8 '", ' 0xbb8 ', 3000],
  ['an object with valueOf', { valueOf: () => 3001 }, 3001],
  ['[3002]', [3002], 3002],
  ['3003.2', 3003.2, 3003],
] as const) {
  define(`close(${what}) closes with ${code}`, async (t) => {
    const socket = await t.opened('echo');
    socket.close(given as number);
    t.equal((await t.next(socket, 'close')).code, code);
  });
}

// Half of them is rounded to the even one by the standard, and cut off by some.
for (const [code, rounded] of [
  [998.5, INVALID_ACCESS],
  [999.5, 1000],
  [999.6, 1000],
  [1000.5, 1000],
  [1000.51, INVALID_ACCESS],
  [1000.9, INVALID_ACCESS],
  [2999.5, 3000],
  [2999.9, 3000],
  [3000.5, 3000],
  [3001.5, 3002],
  [4999.4, 4999],
  [4999.5, INVALID_ACCESS],
] as const) {
  define(`close(${code}) is as in the browser's own`, async (t) => {
    await t.same(
      'end',
      async (socketClass) => {
        const socket = await t.openedAs(socketClass, 'echo');
        const thrown = t.thrownBy(() => {
          socket.close(code);
        });
        return thrown ?? (await t.next(socket, 'close')).code;
      },
      rounded,
    );
  });
}

for (const [what, given] of [
  ['NaN', NaN],
  ['null', null],
  ['true', true],
  ["''", ''],
  ["'x'", 'x'],
  ['{}', {}],
  ['2 ** 32 + 1000', 2 ** 32 + 1000],
  ['2 ** 16 + 1000', 2 ** 16 + 1000],
  ['-(2 ** 16) + 1000', -(2 ** 16) + 1000],
] as const) {
  define(`close(${what}) is an InvalidAccessError`, async (t) => {
    const socket = await t.opened('echo');
    t.throws(() => {
      socket.close(given as number);
    }, INVALID_ACCESS);
  });
}

define('codes that are no numbers are a TypeError', (t) => {
  const socket = t.open('silent');
  t.throws(
    () => {
      socket.close(Symbol('s') as unknown as number);
    },
    'TypeError',
    'symbol',
  );
  t.throws(
    () => {
      socket.close(1000n as unknown as number);
    },
    'TypeError',
    'bigint',
  );
  t.throws(
    () => {
      socket.close(1000, Symbol('s') as unknown as string);
    },
    'TypeError',
    'reason',
  );
  t.equal(socket.readyState, 0);
});

define('arguments are converted before they are looked at', (t) => {
  const socket = t.open('silent');
  const calls: string[] = [];
  const code = {
    valueOf() {
      calls.push('code');
      return 1;
    },
  };
  const reason = {
    toString() {
      calls.push('reason');
      return 'x'.repeat(124);
    },
  };
  t.throws(() => {
    socket.close(code as unknown as number, reason as unknown as string);
  }, INVALID_ACCESS);
  t.equal(calls, ['code', 'reason']);
});

define('a reason of 123 bytes arrives', async (t) => {
  for (const given of ['x'.repeat(123), LONGEST, `\u{1f600}`.repeat(30)]) {
    const socket = await t.opened('echo');
    socket.close(3000, given);
    t.equal((await t.next(socket, 'close')).reason, given);
  }
});

define('a reason of more than 123 bytes of UTF-8 is a SyntaxError and closes nothing', async (t) => {
  const socket = await t.opened('echo');
  for (const reason of [
    'x'.repeat(124),
    `${LONGEST}x`,
    '\u{e4}'.repeat(62),
    '\u{1f600}'.repeat(31),
    '\ud800'.repeat(42),
  ]) {
    t.throws(
      () => {
        socket.close(1000, reason);
      },
      SYNTAX_ERROR,
      `${reason.length} characters`,
    );
    t.equal(socket.readyState, 1, 'readyState');
  }
});

define("a reason that is too long without a code is as in the browser's own", async (t) => {
  await t.same(
    'close(undefined, long)',
    async (socketClass) => {
      const socket = await t.openedAs(socketClass, 'echo');
      const thrown = t.thrownBy(() => {
        socket.close(undefined, 'x'.repeat(124));
      });
      return [thrown, socket.readyState];
    },
    [SYNTAX_ERROR, 1],
  );
});

define('lone surrogates in a reason become U+FFFD', async (t) => {
  const socket = await t.opened('echo');
  socket.close(3000, 'a\ud800b\udc00');
  t.equal((await t.next(socket, 'close')).reason, 'a\u{fffd}b\u{fffd}');
});

define('reasons of other types become strings', async (t) => {
  for (const [given, expected] of [
    [null, 'null'],
    [12, '12'],
    [{}, '[object Object]'],
  ] as const) {
    const socket = await t.opened('echo');
    socket.close(3000, given as unknown as string);
    t.equal((await t.next(socket, 'close')).reason, expected);
  }
});

for (const kind of ['hold', 'misfit'] as const) {
  define(`close() while connecting to ${kind} gives error, then close with 1006`, async (t) => {
    const socket = t.open(kind);
    const events: unknown[] = [];
    for (const type of ['open', 'message', 'error', 'close'] as const) {
      socket.addEventListener(type, () => events.push([type, socket.readyState]));
    }
    socket.close();
    t.equal([socket.readyState, events], [2, []], 'at once');
    const { code, reason, wasClean } = await t.next(socket, 'close');
    t.equal([code, reason, wasClean], [1006, '', false], 'close');
    t.equal(events, [
      ['error', 3],
      ['close', 3],
    ]);
  });
}

define('close(code, reason) while connecting gives 1006 as well', async (t) => {
  const socket = t.open('hold');
  socket.close(3000, 'why');
  const { code, reason, wasClean } = await t.next(socket, 'close');
  t.equal([code, reason, wasClean], [1006, '', false]);
});

define('close() checks its arguments in each state', async (t) => {
  const check = (socket: WebSocket, state: number): void => {
    t.equal(socket.readyState, state, 'readyState');
    t.throws(
      () => {
        socket.close(1);
      },
      INVALID_ACCESS,
      `code in state ${state}`,
    );
    t.throws(
      () => {
        socket.close(1000, 'x'.repeat(124));
      },
      SYNTAX_ERROR,
      `reason in state ${state}`,
    );
    t.equal(socket.readyState, state, 'readyState');
  };
  const socket = t.open('echo');
  check(socket, 0);
  await t.next(socket, 'open');
  check(socket, 1);
  socket.close();
  check(socket, 2);
  await t.next(socket, 'close');
  check(socket, 3);
});

define('the first close() is what counts', async (t) => {
  const socket = await t.opened('echo');
  let count = 0;
  socket.onclose = () => count++;
  socket.close(3001, 'first');
  socket.close(3002, 'second');
  const { code, reason } = await t.next(socket, 'close');
  t.equal([code, reason], [3001, 'first']);
  socket.close(3003, 'third');
  t.equal(socket.readyState, 3);
  for (let tasks = 0; tasks < 5; tasks++) await t.task();
  t.equal(count, 1, 'events');
});

define('close() in handlers of open, message and close', async (t) => {
  for (const type of ['open', 'message', 'close'] as const) {
    const socket = t.open('burst', type === 'close' ? { code: 3000 } : {});
    socket.addEventListener(type, () => {
      socket.close(3000);
    });
    const { code, wasClean } = await t.next(socket, 'close');
    t.equal([code, wasClean], [3000, true], type);
  }
});

define('what was sent before close() arrives', async (t) => {
  const socket = await t.opened('close', { on: 'message', code: 3005, reason: 'got it' });
  socket.send('x');
  const { code, reason } = await t.next(socket, 'close');
  t.equal([code, reason], [3005, 'got it']);
});

define("messages that come after close() are handed over as in the browser's own", async (t) => {
  await t.same('five messages, close() in the first', async (socketClass) => {
    const socket = t.openAs(socketClass, 'burst', { n: 5 });
    const received: unknown[] = [];
    socket.onmessage = ({ data }) => {
      received.push(data);
      if (received.length === 1) socket.close();
    };
    await t.next(socket, 'close');
    return received;
  });
});
