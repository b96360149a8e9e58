import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeModule } from '../../src/server/node-module.ts';
import { resolveOptions } from '../../src/server/options.ts';
import { SecretHash } from '../../src/server/secret-hash.ts';
import { createPair } from '../../src/testing.ts';
import type { ServerIncoming } from '../../src/server.ts';

describe('on Node', () => {
  test('its modules are there, and a secret is kept as its hash', () => {
    expect(nodeModule('node:os')?.totalmem()).toBeGreaterThan(0);
    expect(resolveOptions({}).maxIncomingBytes).toBeLessThan(Infinity);
    const hash = new SecretHash('the secret');
    expect([hash.matches('the secret'), hash.matches('another'), hash.matches('')]).toEqual([true, false, false]);
  });
});

describe('where there is nothing of Node, as in a page', () => {
  let { process } = globalThis;

  beforeEach(() => {
    process = globalThis.process;
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test.each([
    ['no process at all', undefined],
    ['one that a bundler made up', { env: {} }],
  ])('a server has its own ways: %s', (_, stub) => {
    vi.stubGlobal('process', stub);
    const hash = new SecretHash('the secret');
    const results = {
      os: nodeModule('node:os'),
      maxIncomingBytes: resolveOptions({}).maxIncomingBytes,
      matches: [hash.matches('the secret'), hash.matches('the secreT'), hash.matches('')],
    };
    vi.stubGlobal('process', process);
    expect(results).toEqual({ os: undefined, maxIncomingBytes: Infinity, matches: [true, false, false] });
  });

  test('what a listener throws goes to the console', async () => {
    const told: unknown[] = [];
    vi.spyOn(console, 'error').mockImplementation((error: unknown) => told.push(error));
    const { socket, session, close } = await createPair();
    const bug = new Error('a bug of the application');
    session.on('message', () => {
      throw bug;
    });
    vi.stubGlobal('process', undefined);
    socket.send('text');
    // Promises alone take it there; the test runner, which has a use for `process`, has no turn.
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    vi.stubGlobal('process', process);
    expect(told).toEqual([bug]);
    vi.restoreAllMocks();
    await close();
  });

  test('there are no streams of Node, and the message can still be taken', async () => {
    const { socket, session, close } = await createPair();
    const incoming = new Promise<ServerIncoming>((resolve) => session.once('incoming', resolve));
    const transfer = socket.send('text');
    const message = await incoming;
    vi.stubGlobal('process', undefined);
    const take = (): unknown => message.readable();
    let error: unknown;
    try {
      take();
    } catch (thrown) {
      error = thrown;
    }
    vi.stubGlobal('process', process);
    expect(error).toBeInstanceOf(TypeError);
    expect(await message.text()).toBe('text');
    await transfer.delivered;
    await close();
  });
});
