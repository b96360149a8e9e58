import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ChunkServer } from '../../src/server/chunk-server.ts';
import { resolveOptions, serverDefaults } from '../../src/server/options.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import { Tombstones } from '../../src/server/tombstones.ts';
import type { Tombstone } from '../../src/server/tombstones.ts';
import { TokenBucket } from '../../src/server/token-bucket.ts';
import { SecretHash } from '../../src/server/secret-hash.ts';

describe('options', () => {
  test('have the defaults that their documentation says', () => {
    const source = readFileSync(new URL('../../src/server/options.ts', import.meta.url), 'utf8');
    const documented = [...source.matchAll(/@defaultValue (\d+)(?:;[^\n]*)?\s*\*\/\s*readonly (\w+)\?/g)].map(
      ([, value, name]) => [name, Number(value)],
    );
    const { maxPacketBytes, ...rest } = Object.fromEntries(documented) as Record<string, number>;
    expect(maxPacketBytes).toBe(1 << 20);
    expect(rest).toEqual(serverDefaults);
    expect(resolveOptions({})).toMatchObject({ ...serverDefaults, poolBytes: 80 << 20, binaryType: 'uint8array' });
  });

  test.each<[keyof ChunkServerOptions, unknown]>([
    ['maxPacketBytes', 511],
    ['startPacketBytes', 511],
    ['maxMessageBytes', -1],
    ['maxMessageBytes', 1.5],
    ['initialChannelCredit', 16_383],
    ['poolBytes', (64 << 20) + 8191],
    ['maxOpenChannels', 0],
    ['maxOpenChannels', 65_537],
    ['maxBufferedBytes', NaN],
    ['resumeMs', -1],
    ['resumeMs', 2 ** 31],
    ['handshakeTimeoutMs', 0],
    ['heartbeatMs', Infinity],
    ['maxSessions', 0],
    ['maxSessionsPerIdentity', 0],
    ['maxWaitingSessions', -1],
    ['maxWaitingBytes', -1],
    ['maxTombstones', -1],
    ['maxNewSessionsPerSecond', 0],
    ['binaryType', 'buffer'],
    ['maxStreamBytes', -1],
    ['route', 'two words'],
    ['route', 'x'.repeat(257)],
    ['protocols', ['x'.repeat(257)]],
    ['protocols', ['']],
  ])('%s: %s is refused', (name, value) => {
    expect(() => new ChunkServer({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: name }) as Error,
    );
  });

  test('take the ends of their ranges', () => {
    expect(
      () =>
        new ChunkServer({
          maxPacketBytes: 512,
          maxMessageBytes: 0,
          poolBytes: 8192,
          initialChannelCredit: 16_384,
          maxOpenChannels: 65_536,
          resumeMs: 0,
          heartbeatMs: 0,
          maxSessions: Infinity,
          maxWaitingSessions: 0,
          maxNewSessionsPerSecond: Infinity,
          route: '~'.repeat(256),
          protocols: ['x'.repeat(256)],
        }),
    ).not.toThrow();
  });
});

test('a token bucket lets a second of its rate through at once, and refills with time', () => {
  const bucket = new TokenBucket(10, 0);
  const passed = (nowMs: number): number => {
    let count = 0;
    for (; bucket.has(nowMs); count++) bucket.take();
    return count;
  };
  expect(passed(0)).toBe(10);
  expect(passed(99)).toBe(0);
  expect(passed(100)).toBe(1);
  expect(passed(60_000)).toBe(10);
});

test('a secret is known again by its hash', () => {
  const hash = new SecretHash('one');
  expect(hash.matches('one')).toBe(true);
  expect(hash.matches('One')).toBe(false);
  expect(hash.matches('')).toBe(false);
});

describe('tombstones', () => {
  const tombstone: Tombstone = {
    secret: new SecretHash(''),
    identity: '',
    connection: 1,
    received: 0,
    close: undefined,
  };

  test('are kept for their time and no longer', () => {
    const tombstones = new Tombstones(10, 1000);
    tombstones.add('a', tombstone, 0);
    tombstones.add('b', tombstone, 500);
    expect(tombstones.get('a', 999)).toBe(tombstone);
    expect(tombstones.get('a', 1000)).toBeUndefined();
    expect(tombstones.get('b', 1000)).toBe(tombstone);
    expect(tombstones.count).toBe(1);
  });

  test('are no more than so many', () => {
    const tombstones = new Tombstones(2, 1000);
    for (const id of ['a', 'b', 'c']) tombstones.add(id, tombstone, 0);
    expect(tombstones.get('a', 1)).toBeUndefined();
    expect(tombstones.get('b', 1)).toBe(tombstone);
    expect(tombstones.count).toBe(2);
    const none = new Tombstones(0, 1000);
    none.add('a', tombstone, 0);
    expect(none.count).toBe(0);
  });
});
