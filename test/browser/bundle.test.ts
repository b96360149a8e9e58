import { describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { ChunkSocket } from '../../src/index.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { closeAfterTest, collect, loadScript, quick, sha256, startRig } from './page.ts';

const MIB = 1024 * 1024;

type Global = typeof globalThis & { ChunkSocket?: typeof ChunkSocket };

describe('the script tag', () => {
  test('defines ChunkSocket and nothing else', async () => {
    const rig = await startRig();
    const before = new Set(Object.getOwnPropertyNames(globalThis));

    await loadScript(rig.scriptUrl);

    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
    expect(added).toEqual(['ChunkSocket']);
    expect((globalThis as Global).ChunkSocket).toBeTypeOf('function');
  });

  test('sends, takes, and survives a limit and a cut', async () => {
    const rig = await startRig({
      isEcho: true,
      faults: { limits: [{ direction: 'toServer', maxBytes: 8192, how: 'drop' }] },
    });
    const Bundled = await loadScript(rig.scriptUrl);
    const socket = new Bundled(rig.url, quick);
    closeAfterTest(socket);
    const messages = collect(socket, 'message');
    const bytes = patternBytes(MIB);

    await socket.send(bytes, { meta: { name: 'a.bin' } }).delivered;
    await commands.cutConnections(rig.id, 'rst');
    await socket.send('🎉').delivered;

    const [received, text] = await commands.takeMessages(rig.id, 2);
    const [echo] = await messages.take(2);
    expect(received).toMatchObject({ sha256: await sha256(bytes), meta: { name: 'a.bin' } });
    expect(text?.text).toBe('🎉');
    expect(await sha256(echo?.data as ArrayBuffer)).toBe(await sha256(bytes));
    await socket.close();
    expect(socket.status).toBe('closed');
  });

  test('makes errors with code and hint', async () => {
    const rig = await startRig();
    const Bundled = await loadScript(rig.scriptUrl);

    expect(() => new Bundled(rig.url, { maxPacketBytes: 511 })).toThrow(
      expect.objectContaining({ name: 'OptionError', code: 'ERR_OPTION', option: 'maxPacketBytes' }) as Error,
    );
  });
});
