import { describe, expect, onTestFinished, test } from 'vitest';
import { settle } from '../support/manual-clock.ts';
import { openScripted } from './support.ts';
import type { Scripted } from './support.ts';
import type { ScriptedSocket } from './scripted-server.ts';

interface World extends Scripted {
  readonly connection: ScriptedSocket;
  /** Sends small messages, each in a task of its own, so many ms apart. */
  readonly stream: (count: number, everyMs: number) => Promise<void>;
}

async function start(): Promise<World> {
  const scripted = openScripted();
  const { socket, server, clock } = scripted;
  const connection = await server.accept();
  await settle();
  const stream = async (count: number, everyMs: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      socket.send('small');
      await Promise.resolve();
      await Promise.resolve();
      clock.advance(everyMs);
    }
  };
  return { ...scripted, connection, stream };
}

const packetsOf = ({ slices }: ScriptedSocket): number => slices.length;
const bytesOf = ({ slices }: ScriptedSocket): number => slices.reduce((sum, { length }) => sum + length, 0);

describe('small messages, each sent in a task of its own', () => {
  test('share a packet a millisecond where they come at more than a thousand a second', async () => {
    const { connection, stream, clock } = await start();
    await stream(100, 0.25);
    const before = packetsOf(connection);
    await stream(400, 0.25);

    const packets = packetsOf(connection) - before;
    expect(packets).toBeGreaterThanOrEqual(99);
    expect(packets).toBeLessThanOrEqual(101);

    clock.advance(1);
    const { length } = connection.slices;
    const last = bytesOf(connection);
    clock.advance(10);
    expect([connection.slices.length, bytesOf(connection)]).toEqual([length, last]);
  });

  test('go out at once where they come more slowly', async () => {
    const { connection, stream, clock } = await start();
    await stream(200, 1);
    expect(packetsOf(connection)).toBe(200);
    // Two close together are not many.
    for (let pair = 1; pair <= 100; pair++) {
      await stream(1, 0.25);
      await stream(1, 0);
      expect(packetsOf(connection)).toBe(200 + 2 * pair);
      clock.advance(3.75);
    }
  });

  test('go out at once after a pause', async () => {
    const { connection, stream, clock } = await start();
    await stream(200, 0.25);
    clock.advance(20);
    const before = packetsOf(connection);
    await stream(1, 0);
    expect(packetsOf(connection)).toBe(before + 1);
    clock.advance(0.25);
    await stream(1, 0);
    expect(packetsOf(connection)).toBe(before + 2);
  });

  test('go out at once where all before them is acknowledged, as in questions and answers', async () => {
    const { connection, socket, clock } = await start();
    for (let sent = 1; sent <= 200; sent++) {
      socket.send('small');
      await settle();
      expect(packetsOf(connection)).toBe(sent);
      connection.ack();
      clock.advance(0.25);
    }
  });

  test('go out with what is written meanwhile', async () => {
    const { connection, stream } = await start();
    await stream(200, 0.25);
    await stream(4, 0);
    const before = packetsOf(connection);
    connection.ack();
    await settle();
    expect(packetsOf(connection)).toBe(before + 1);
  });

  test('go out at once in a page whose timers are throttled, and when they come to be', async () => {
    const page = Object.assign(new EventTarget(), { hidden: false });
    const show = (isShown: boolean): void => {
      page.hidden = !isShown;
      page.dispatchEvent(new Event('visibilitychange'));
    };
    Object.assign(globalThis, { document: page });
    onTestFinished(() => {
      Reflect.deleteProperty(globalThis, 'document');
    });
    const { connection, stream } = await start();
    await stream(200, 0.25);
    await stream(4, 0);
    const before = packetsOf(connection);

    show(false);
    await settle();
    expect(packetsOf(connection)).toBe(before + 1);
    await stream(100, 0.25);
    expect(packetsOf(connection)).toBe(before + 101);
  });
});
