import { describe, expect, test } from 'vitest';
import { messageFrame, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

describe('session.close with an argument of the wrong kind', () => {
  test.each([null, 5, {}])('throws for the reason %j, and has closed nothing', async (value) => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();

    expect(() => void session.close(1000, value as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: 'reason' }),
    );

    expect(session.status).toBe('open');
    await session.send('goes on').delivered;
    void session.close(4001, 'bye');
    expect(await peer.controls.next()).toMatchObject({ type: 'close', code: 4001 });
  });

  test.each([Infinity, NaN, -1, 0.3, 1e300, '500', null])(
    'throws for drainMs %s, and has closed nothing',
    async (value) => {
      const { url, sessions } = await startServer();
      const peer = await RawPeer.join(url);
      const session = await sessions.next();

      expect(() => void session.close(1000, '', { drainMs: value as number })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', option: 'drainMs' }),
      );

      expect(session.status).toBe('open');
      await session.send('goes on').delivered;
      void session.close(4001, 'bye');
      expect(await peer.controls.next()).toMatchObject({ type: 'close', code: 4001 });
    },
  );
});

test('session.terminate from inside a message listener: the rest of the burst is not told', async () => {
  const { url, sessions, server } = await startServer();
  const told: unknown[] = [];
  server.on('session', (session) => {
    session.on('message', ({ data }) => {
      told.push(data);
      if (data === 'two') session.terminate();
    });
    session.on('close', ({ code, wasClean }) => told.push([code, wasClean]));
  });
  const peer = await RawPeer.join(url);
  const session = await sessions.next();

  peer.stream(...['one', 'two', 'three', 'four'].map((text) => messageFrame(text)));

  expect(await peer.closed).toEqual({ code: 4906, reason: 'terminated' });
  expect(session.status).toBe('closed');
  expect(told).toEqual(['one', 'two', [4906, false]]);
});
