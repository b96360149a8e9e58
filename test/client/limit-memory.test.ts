import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LimitMemory } from '../../src/client/limit-memory.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

let count = 0;
/** A path that no other test has. */
const freshUrl = (): string => `wss://host.test/path-${++count}`;

/** A localStorage; Node has none. */
function stubStorage(): Map<string, string> {
  const stored = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => {
      stored.set(key, value);
    },
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return stored;
}

/** `Date.now` as the test likes it. */
function stubTime(): { advance: (ms: number) => void } {
  let nowMs = Date.UTC(2026, 0, 1);
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => nowMs);
  onTestFinished(() => {
    spy.mockRestore();
  });
  return {
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

const firm = { floor: 4096, ceiling: 16_384, provisional: false };
const doubtful = { ...firm, provisional: true };
/** As it is stored. */
const fresh = { ...firm, atMs: Date.now() - 1 };

describe('the memory of limits', () => {
  test('keeps both directions apart, by origin and path, without the query', () => {
    const url = freshUrl();
    const memory = new LimitMemory(`${url}?token=1`, 'memory');
    memory.write({ up: firm });
    memory.write({ down: { ...firm, floor: 8192 } });

    expect(new LimitMemory(`${url}?token=2`, 'memory').read()).toEqual({ up: firm, down: { ...firm, floor: 8192 } });
    expect(new LimitMemory(`${url}/other`, 'memory').read()).toEqual({});
    expect(new LimitMemory(url.replace('wss:', 'ws:'), 'memory').read()).toEqual({});
    expect(new LimitMemory(url.replace('host.test', 'host.test:8080'), 'memory').read()).toEqual({});
  });

  test('lasts a week', () => {
    const { advance } = stubTime();
    const memory = new LimitMemory(freshUrl(), 'memory');
    memory.write({ up: firm });

    advance(WEEK_MS - 1);
    expect(memory.read().up).toEqual(firm);
    advance(1);
    expect(memory.read()).toEqual({});
  });

  test('of a ceiling that no 1009 confirmed lasts an hour; its floor a week', () => {
    const { advance } = stubTime();
    const memory = new LimitMemory(freshUrl(), 'memory');
    memory.write({ up: doubtful });

    advance(HOUR_MS - 1);
    expect(memory.read().up).toMatchObject({ ceiling: 16_384 });
    advance(1);
    expect(memory.read().up).toMatchObject({ floor: 4096, ceiling: 0 });
  });

  test('is not fooled by a clock that was set back', () => {
    const { advance } = stubTime();
    const memory = new LimitMemory(freshUrl(), 'memory');
    memory.write({ up: firm });

    advance(-HOUR_MS);

    expect(memory.read()).toEqual({});
  });

  test("is none with 'none'", () => {
    const stored = stubStorage();
    const url = freshUrl();
    new LimitMemory(url, 'none').write({ up: firm });

    expect(new LimitMemory(url, 'none').read()).toEqual({});
    expect(new LimitMemory(url, 'localStorage').read()).toEqual({});
    expect(stored.size).toBe(0);
  });

  test('is in the storage only where that is asked for', () => {
    const stored = stubStorage();
    new LimitMemory(freshUrl(), 'memory').write({ up: firm });
    expect(stored.size).toBe(0);

    const url = freshUrl();
    new LimitMemory(url, 'localStorage').write({ up: firm });
    expect([...stored.keys()]).toEqual([`chunksocket:limit:${url}`]);
  });

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a number', '5'],
    ['a list', '[1]'],
    ['no time', { up: firm }],
    ['a time to come', { up: { ...firm, atMs: 9e15 } }],
    ['a time that is none', { up: { ...firm, atMs: 'now' } }],
    ['a floor below 512', { up: { ...fresh, floor: 511 } }],
    ['a floor that is huge', { up: { ...fresh, floor: 2 ** 30 + 1 } }],
    ['a floor that is a text', { up: { ...fresh, floor: '4096' } }],
    ['no floor', { up: { ...fresh, floor: undefined } }],
    ['null for a direction', { up: null }],
  ])('in the storage that says %s is ignored', (_name, content) => {
    const stored = stubStorage();
    const url = freshUrl();
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    stored.set(`chunksocket:limit:${url}`, text);

    const { up, down } = new LimitMemory(url, 'localStorage').read();

    expect([up, down]).toEqual([undefined, undefined]);
  });

  test('in the storage with a ceiling that makes no sense keeps the floor', () => {
    const stored = stubStorage();
    for (const ceiling of [4096, 100, -1, 'x', 2 ** 31]) {
      const url = freshUrl();
      stored.set(`chunksocket:limit:${url}`, JSON.stringify({ up: { ...fresh, ceiling } }));

      expect(new LimitMemory(url, 'localStorage').read().up).toEqual({ ...firm, ceiling: 0 });
    }
  });

  test('does not let news of one direction keep what was remembered of the other', () => {
    const { advance } = stubTime();
    const memory = new LimitMemory(freshUrl(), 'memory');
    memory.write({ up: doubtful });
    advance(HOUR_MS - 1);
    memory.write({ down: firm });
    advance(1);

    expect(memory.read()).toEqual({ up: { ...doubtful, ceiling: 0 }, down: firm });
  });

  test('does without a storage that is full', () => {
    vi.stubGlobal('localStorage', {
      getItem: () => null,
      setItem: () => {
        throw new Error('QuotaExceededError');
      },
    });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const memory = new LimitMemory(freshUrl(), 'localStorage');

    memory.write({ up: firm });

    expect(memory.read().up).toEqual(firm);
  });
});
