import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ChunkSocket, OptionError } from '../../src/index.ts';
import type { ChunkSocketOptions } from '../../src/index.ts';
import { resolveOptions } from '../../src/client/options.ts';
import { settle } from '../support/manual-clock.ts';
import { ScriptedServer } from './scripted-server.ts';
import { collect, NodeWebSocket, openScripted } from './support.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const MAX_TIMER = 2 ** 31 - 1;

/** Option, least and largest value. */
const ranges: readonly (readonly [keyof ChunkSocketOptions, number, number])[] = [
  ['startPacketBytes', 512, MAX],
  ['maxPacketBytes', 512, MAX],
  ['initialChannelCredit', 16_384, MAX],
  ['maxOpenChannels', 1, 65_536],
  ['maxBufferedBytes', 0, MAX],
  ['retryBaseMs', 0, MAX_TIMER],
  ['retryMaxMs', 0, MAX_TIMER],
  ['maxRetries', 0, Infinity],
  ['connectTimeoutMs', 1, MAX_TIMER],
  ['heartbeatMs', 0, MAX_TIMER],
  ['maxMessageBytes', 0, 2 ** 52],
  ['maxStreamBytes', 0, Number.MAX_SAFE_INTEGER],
];

/** The error of a constructor call that must fail. */
function failWith(options: Record<string, unknown>): OptionError {
  try {
    openScripted(options);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error(`${JSON.stringify(options)} was taken.`);
}

describe('an option that is a number', () => {
  test.each(ranges)('%s is taken at both ends of its range', (name, min, max) => {
    for (const value of [min, max]) expect(() => openScripted({ [name]: value })).not.toThrow();
  });

  test.each(ranges)('%s is refused outside of its range, by name, value and range', (name, min, max) => {
    const values = [min - 1, min + 0.5, NaN, -Infinity, ...(max === Infinity ? [] : [max + 1, Infinity])];
    for (const value of values) {
      const error = failWith({ [name]: value });
      expect(error).toMatchObject({ code: 'ERR_OPTION', option: name, value });
      expect(error.message).toContain(name);
      expect(error.message).toContain(String(value));
      expect(error.message).toContain(`from ${min}`);
    }
  });

  test.each(ranges)('%s is refused when it is no number', (name) => {
    for (const value of ['1024', null, true, {}, []]) {
      if (value !== null) expect(failWith({ [name]: value })).toMatchObject({ option: name, value });
    }
  });

  test.each(ranges)('%s has its default when it is undefined', (name) => {
    expect(resolveOptions({ [name]: undefined })[name as 'maxRetries']).toBe(resolveOptions({})[name as 'maxRetries']);
  });
});

describe('poolBytes', () => {
  test('is at least maxMessageBytes + 8192', () => {
    expect(() => openScripted({ maxMessageBytes: 1000, poolBytes: 9192 })).not.toThrow();
    const error = failWith({ maxMessageBytes: 1000, poolBytes: 9191 });
    expect(error).toMatchObject({ option: 'poolBytes', value: 9191 });
    expect(error.message).toContain('from 9192');
    expect(() => openScripted({ poolBytes: MAX })).not.toThrow();
    expect(failWith({ poolBytes: MAX + 1 }).option).toBe('poolBytes');
  });
});

describe('an option that is a choice', () => {
  test.each([
    ['binaryType', ['arraybuffer', 'uint8array', 'blob'], 'buffer'],
    ['onSessionLost', ['resend', 'reject'], 'drop'],
    ['rememberLimits', ['memory', 'localStorage', 'none'], 'sessionStorage'],
    ['mode', ['session', 'plain'], 'raw'],
    ['fallback', ['none', 'plain'], 'http'],
  ])('%s takes its words and no others', (name, words, other) => {
    for (const word of words) expect(() => openScripted({ [name]: word })).not.toThrow();
    for (const value of [other, '', null, 1]) {
      const error = failWith({ [name]: value });
      expect(error).toMatchObject({ option: name, value });
      for (const word of words) expect(error.message).toContain(word);
    }
  });
});

describe('protocols', () => {
  const names = Array.from({ length: 17 }, (_, index) => `app.v${index}`);

  test('are at most 16, all different', () => {
    expect(() => openScripted({ protocols: names.slice(0, 16) })).not.toThrow();
    expect(failWith({ protocols: names })).toMatchObject({ option: 'protocols' });
    expect(failWith({ protocols: ['a', 'b', 'a'] })).toMatchObject({ option: 'protocols', value: 'a,b,a' });
  });

  test('are offered in their order, before ours; a neutral one stands in for none', async () => {
    const offers = await Promise.all(
      [{}, { protocols: 'one' }, { protocols: ['one', 'two'] }].map(async (options) => {
        const { server } = openScripted(options);
        return (await server.next()).protocols;
      }),
    );

    expect(offers).toEqual([
      ['chunksocket.plain', 'chunksocket.v1'],
      ['one', 'chunksocket.v1'],
      ['one', 'two', 'chunksocket.v1'],
    ]);
  });

  test('that are no tokens end the socket with OptionError', async () => {
    const { socket } = openScripted({ protocols: ['a b'], WebSocket: NodeWebSocket });

    const { error, code } = await collect(socket, 'close').next();

    expect(error).toMatchObject({ code: 'ERR_OPTION', option: 'protocols' });
    expect(error?.message).toContain('a b');
    expect(code).toBe(1006);
    expect(socket.status).toBe('closed');
  });
});

describe('defaults', () => {
  const source = readFileSync(new URL('../../src/client/options.ts', import.meta.url), 'utf8');
  const documented = new Map(
    [...source.matchAll(/@defaultValue ([^*]*?)\s*\*\/\s*readonly (\w+)\??:/gs)].map(([, value, name]) => [
      name as string,
      value as string,
    ]),
  );
  const resolved = resolveOptions({});

  test('every option has a documented one', () => {
    const body = /export interface ChunkSocketOptions<.*?> \{(.*?)\n\}/s.exec(source)?.[1] ?? '';
    const names = [...body.matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(18);
    expect(names.filter((name) => !documented.has(name as string))).toEqual([]);
  });

  test.each(ranges.map(([name]) => name))('%s is what its documentation says', (name) => {
    expect(Number(documented.get(name))).toBe(resolved[name as 'maxRetries']);
  });

  test('poolBytes is maxMessageBytes + 16 MiB', () => {
    expect(documented.get('poolBytes')).toBe('maxMessageBytes + 16 MiB');
    expect(resolved.poolBytes).toBe(resolved.maxMessageBytes + 16 * 1024 * 1024);
    expect(resolveOptions({ maxMessageBytes: 1 }).poolBytes).toBe(1 + 16 * 1024 * 1024);
  });

  test('HELLO states the terms of the options', async () => {
    const terms = {
      maxPacketBytes: 2048,
      maxMessageBytes: 5000,
      initialChannelCredit: 20_000,
      poolBytes: 14_000,
      maxOpenChannels: 3,
    };
    const { server } = openScripted({ ...terms, maxMessageBytes: 4000, maxStreamBytes: 5000 });
    const connection = await server.next();

    connection.open();

    expect(connection.hello).toMatchObject({ version: 1, connection: 1, expected: false, protocols: [], ...terms });
  });
});

describe('url', () => {
  test.each(['', 'http://', 'ftp://host/', 'wss://host/#part', 'no url', 'mailto:a@b'])('%j is refused', (url) => {
    const { WebSocket } = new ScriptedServer();
    expect(() => new ChunkSocket(url, { WebSocket })).toThrow(OptionError);
  });

  test.each([
    ['ws://host', 'ws://host/'],
    ['wss://host/a?b=c', 'wss://host/a?b=c'],
    ['http://host:8080/a', 'ws://host:8080/a'],
    ['https://host/a', 'wss://host/a'],
    ['HTTPS://HOST/A', 'wss://host/A'],
  ])('%s leads to %s', async (given, expected) => {
    const server = new ScriptedServer();
    const socket = new ChunkSocket(given, { WebSocket: server.WebSocket });
    onTestFinished(() => socket.close());

    expect((await server.next()).url).toBe(expected);
  });
});

describe('WebSocket', () => {
  test('that the platform lacks is asked for', async () => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Reflect.deleteProperty(globalThis, 'WebSocket');
    onTestFinished(() => {
      if (descriptor !== undefined) Object.defineProperty(globalThis, 'WebSocket', descriptor);
    });
    const socket = new ChunkSocket('ws://host/');

    const { error } = await collect(socket, 'close').next();

    expect(error).toMatchObject({ code: 'ERR_OPTION', option: 'WebSocket' });
    expect(socket.status).toBe('closed');
  });

  test('that is given is used, though the platform has one', async () => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    const platform = new ScriptedServer();
    Object.defineProperty(globalThis, 'WebSocket', { configurable: true, value: platform.WebSocket });
    onTestFinished(() => {
      Reflect.deleteProperty(globalThis, 'WebSocket');
      if (descriptor !== undefined) Object.defineProperty(globalThis, 'WebSocket', descriptor);
    });

    const { server } = openScripted();
    await server.accept();
    const second = new ChunkSocket('ws://host/');
    onTestFinished(() => second.close());
    await platform.next();

    expect([server.sockets.length, platform.sockets.length]).toEqual([1, 1]);
  });
});

describe('an option that is a function', () => {
  test.each(['shouldRetry', 'random', 'WebSocket'])('%s is refused when it is none', (name) => {
    expect(() => new ChunkSocket('ws://host.test', { [name]: 5 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: name, value: 5 }) as Error,
    );
  });
});

test('a listener that is no function is a TypeError, not a listener', () => {
  const { socket } = openScripted();
  expect(() => socket.on('message', undefined as unknown as () => void)).toThrow(TypeError);
});

describe('the arguments of close', () => {
  test.each([0, 999, 1001, 1002, 1009, 1015, 2999, 5000, 4900, 4901, 4909, 1000.5, NaN])(
    'code %d is refused',
    (code) => {
      const { socket } = openScripted();
      expect(() => void socket.close(code)).toThrow(expect.objectContaining({ option: 'code', value: code }) as Error);
      expect(socket.status).toBe('connecting');
    },
  );

  test.each([1000, 3000, 4899, 4910, 4999])('code %d is taken', async (code) => {
    const { socket } = openScripted();
    const closes = collect(socket, 'close');
    await socket.close(code, 'x'.repeat(123));
    expect(closes.items).toMatchObject([{ code, reason: 'x'.repeat(123) }]);
  });

  test('the reason is at most 123 bytes of UTF-8', () => {
    const { socket } = openScripted();
    for (const reason of ['x'.repeat(124), '🎉'.repeat(31)]) {
      expect(() => void socket.close(1000, reason)).toThrow(
        expect.objectContaining({ option: 'reason', value: '124 bytes' }) as Error,
      );
    }
    expect(() => void socket.close(1000, '🎉'.repeat(30))).not.toThrow();
  });

  test('drainMs is at least 0', async () => {
    const { socket } = openScripted();
    for (const drainMs of [-1, NaN]) {
      expect(() => void socket.close(1000, '', { drainMs })).toThrow(
        expect.objectContaining({ option: 'drainMs' }) as Error,
      );
    }
    await socket.close(1000, '', { drainMs: 0 });
    await settle();
    expect(socket.status).toBe('closed');
  });
});
