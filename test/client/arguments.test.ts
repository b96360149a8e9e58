import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/index.ts';
import { startServer } from '../support/start-server.ts';
import { collect, openPair, openScripted, openSocket } from './support.ts';

/** Names of channels that TypeScript refuses, and JavaScript does not. */
const noStrings = [5, 200, -1, 1.5, null, true, {}, [], ['a', 'b']].map((value) => value as unknown as string);

describe('a channel that is no string', () => {
  test.each(noStrings.map((channel) => [JSON.stringify(channel), channel]))(
    'is an OptionError of the client (%s), whose other messages go on',
    async (_shown, channel) => {
      const { socket, session } = await openPair();
      await socket.send('before').delivered;

      expect(() => socket.send('never', { channel })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', option: 'channel', value: channel }),
      );
      await socket.send('after').delivered;

      expect(socket.status).toBe('open');
      expect(socket.bufferedAmount).toBe(0);
      const got: unknown[] = [];
      session.on('message', ({ data }) => got.push(data));
      await expect.poll(() => got).toEqual(['before', 'after']);
    },
  );

  test.each(noStrings.map((channel) => [JSON.stringify(channel), channel]))(
    'is an OptionError of the session (%s), and the server lives on',
    async (_shown, channel) => {
      const {
        socket,
        session,
        server: { server },
      } = await openPair();
      const errors: unknown[] = [];
      server.on('error', ({ error }) => errors.push(error));
      const messages = collect(socket, 'message');
      // As an application answers that trusts what it was asked for.
      session.on('message', ({ data, meta }) => {
        session.send(data, { channel: (meta as { replyTo: string } | undefined)?.replyTo });
      });

      await socket.send('bad', { meta: { replyTo: channel } }).delivered;
      socket.send('good');

      expect(await messages.next()).toMatchObject({ data: 'good', channel: '' });
      expect(errors).toMatchObject([{ code: 'ERR_OPTION', option: 'channel' }]);
      expect(session.status).toBe('open');
      expect(() => {
        server.broadcast('never', { channel });
      }).toThrow(OptionError);
      server.broadcast('to all');
      expect(await messages.next()).toMatchObject({ data: 'to all' });
    },
  );
});

test('lone surrogates in the name of a channel are replaced as they are on the wire: one channel', async () => {
  const { url, sessions } = await startServer();
  const socket = openSocket(url);

  const transfers = [
    socket.send('first', { channel: '\ud800' }),
    socket.send('second', { channel: '\udc00' }),
    socket.send('third', { channel: '\ufffd' }),
  ];
  const session = await sessions.next();
  const got: unknown[] = [];
  session.on('message', ({ data, channel }) => got.push([data, channel]));
  await Promise.all(transfers.map(({ delivered }) => delivered));
  await expect.poll(() => got.length).toBe(3);

  expect(got).toEqual([
    ['first', '\ufffd'],
    ['second', '\ufffd'],
    ['third', '\ufffd'],
  ]);
  expect(socket.status).toBe('open');
});

describe('close() with an argument of the wrong kind', () => {
  test.each([null, 5, {}])('throws for the reason %j, and has closed nothing', async (value) => {
    const { socket, server } = openScripted();
    await server.accept();

    expect(() => void socket.close(1000, value as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: 'reason' }),
    );

    expect(socket.status).toBe('open');
    await expectToWork(socket, server);
  });

  test.each([Infinity, NaN, -1, 0.3, 1e300, '500', null])(
    'throws for drainMs %s, and has closed nothing',
    async (value) => {
      const { socket, server } = openScripted();
      await server.accept();

      expect(() => void socket.close(1000, '', { drainMs: value as number })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', option: 'drainMs' }),
      );

      expect(socket.status).toBe('open');
      await expectToWork(socket, server);
    },
  );

  /** A message goes through, and close() closes. */
  async function expectToWork(
    socket: ReturnType<typeof openScripted>['socket'],
    server: ReturnType<typeof openScripted>['server'],
  ): Promise<void> {
    server.isAcking = true;
    await socket.send('goes on').delivered;
    const closes = collect(socket, 'close');
    void socket.close(4000, 'bye', { drainMs: 0 });
    expect(socket.status).toBe('closing');
    expect(closes.items).toEqual([]);
  }
});
