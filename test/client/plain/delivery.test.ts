import { describe, expect, test } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { outcomeOf } from '../support.ts';
import { comeBack, openPlain, openUp } from './support.ts';

describe('delivered', () => {
  test('takes that the buffer was left, and that the connection outlived that by 250 ms', async () => {
    const { socket, connection, clock } = await openUp();
    connection.bufferedAmount = 10;
    const transfer = socket.send('0123456789');
    await settle();
    clock.advance(1000);
    expect([transfer.state, transfer.ackedBytes, transfer.sentBytes]).toEqual(['sending', 0, 10]);
    connection.bufferedAmount = 0;
    clock.advance(20);
    expect(transfer.ackedBytes).toBe(10);
    clock.advance(249);
    expect(transfer.state).toBe('sending');
    clock.advance(1);
    expect(transfer.state).toBe('delivered');
    await transfer.delivered;
  });

  test('waits twice the time that the connection took to open, where that is more', async () => {
    const { socket, server, clock } = openPlain();
    const transfer = socket.send('x');
    const connection = await server.next();
    clock.advance(400);
    connection.open('');
    await settle();
    clock.advance(799);
    expect(transfer.state).toBe('sending');
    clock.advance(1);
    expect(transfer.state).toBe('delivered');
  });

  test('takes one timer for all of them', async () => {
    const { socket, clock } = await openUp();
    const before = clock.delaysMs.length;
    for (let count = 0; count < 10; count++) socket.send('x');
    await settle();
    expect(clock.delaysMs.length).toBe(before + 1);
    clock.advance(250);
    expect(clock.delaysMs.length).toBe(before);
  });

  test('is granted where the time was over before the loss, though the timer was late', async () => {
    const { socket, connection, clock } = await openUp();
    const transfer = socket.send('x');
    await settle();
    // The machine sleeps: no timer runs before the close is told.
    (clock as unknown as { now: () => number }).now = () => 1_000_250;
    connection.end(1006);
    expect(transfer.state).toBe('delivered');
  });
});

describe('a connection that is lost', () => {
  test.each([1000, 1001, 1006, 1011, 1014])(
    'with %i: what is in doubt is a SessionLostError, and what was never given to the socket is sent on the next one',
    async (code) => {
      const scripted = await openUp();
      const { socket, connection } = scripted;
      const inDoubt = socket.send('in doubt');
      await settle();
      connection.pause();
      const large = socket.send(patternBytes(600 * 1024));
      await settle();
      const waiting = socket.send('waits', { priority: 'low' });
      const first = socket.send('first');
      await settle();
      expect(socket.stats().inFlightBytes).toBe(8 + 600 * 1024);

      connection.end(code);

      for (const { delivered } of [inDoubt, large]) {
        const error = await outcomeOf(delivered);
        expect(error).toMatchObject({ name: 'SessionLostError', code: 'ERR_SESSION_LOST' });
        expect((error as Error).message).toBe('The connection was lost; the message may or may not have arrived.');
      }
      expect([waiting.state, first.state, socket.status]).toEqual(['queued', 'queued', 'reconnecting']);
      const next = await comeBack(scripted);
      await settle();
      expect(next.sent).toEqual(['first', 'waits']);
    },
  );

  test('the rule is the same with onSessionLost: resend', async () => {
    const { socket, connection } = await openUp({ onSessionLost: 'resend' });
    const { delivered } = socket.send('x');
    await settle();
    connection.end(1006);
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_SESSION_LOST' });
  });

  test('twice in a row without a word, with a message above all known sizes under way, is a suspicion', async () => {
    const scripted = await openUp();
    const { socket, clock } = scripted;
    let current = scripted.connection;
    const outcomes: unknown[] = [];
    for (const bytes of [5000, 6000, 5500]) {
      const small = socket.send('small');
      const large = socket.send(patternBytes(bytes));
      await settle();
      current.end(1006);
      expect(await outcomeOf(small.delivered)).toMatchObject({ code: 'ERR_SESSION_LOST' });
      outcomes.push(await outcomeOf(large.delivered));
      current = await comeBack(scripted);
    }
    expect(outcomes).toMatchObject([
      { code: 'ERR_SESSION_LOST' },
      { code: 'ERR_MESSAGE_TOO_BIG', sizeBytes: 6000, limitBytes: 512 },
      // Smaller than the one that was lost last.
      { code: 'ERR_SESSION_LOST' },
    ]);
    expect((outcomes[1] as { hint: string }).hint).toContain('guess');
    // Nothing is refused on a guess.
    const again = socket.send(patternBytes(6000));
    await settle();
    expect(current.sent).toHaveLength(1);
    clock.advance(250);
    await again.delivered;
    expect(socket.stats().limitFloorBytes).toBe(6000);
  });

  test('one of that size that was accepted in between clears it', async () => {
    const scripted = await openUp();
    const { socket, clock } = scripted;
    let current = scripted.connection;
    const codes: unknown[] = [];
    for (const bytes of [5000, 6000]) {
      const { delivered } = socket.send(patternBytes(bytes));
      await settle();
      current.end(1006);
      codes.push(((await outcomeOf(delivered)) as { code: string }).code);
      current = await comeBack(scripted);
      const accepted = socket.send(patternBytes(5000));
      await settle();
      clock.advance(250);
      await accepted.delivered;
    }
    expect(codes).toEqual(['ERR_SESSION_LOST', 'ERR_SESSION_LOST']);
  });

  test('a connection that could not be had in between says nothing', async () => {
    const scripted = await openUp();
    const { socket, server, clock } = scripted;
    let current = scripted.connection;
    const codes: unknown[] = [];
    for (let count = 0; count < 2; count++) {
      const { delivered } = socket.send(patternBytes(5000));
      await settle();
      current.end(1006);
      codes.push(((await outcomeOf(delivered)) as { code: string }).code);
      clock.advance(clock.delaysMs[0] ?? 0);
      (await server.next()).end(1006);
      current = await comeBack(scripted);
    }
    expect(codes).toEqual(['ERR_SESSION_LOST', 'ERR_MESSAGE_TOO_BIG']);
  });

  test.each([
    ['another code between', 1001, false],
    ['a loss with nothing large under way between', 1006, true],
  ])('is none with %s', async (_name, code, isSmall) => {
    const scripted = await openUp();
    const { socket } = scripted;
    let current = scripted.connection;
    const lose = async (bytes: number, how: number): Promise<unknown> => {
      const { delivered } = socket.send(patternBytes(bytes));
      await settle();
      current.end(how);
      current = await comeBack(scripted);
      return outcomeOf(delivered);
    };
    await lose(5000, 1006);
    await lose(isSmall ? 10 : 5000, code);
    expect(await lose(5000, 1006)).toMatchObject({ code: 'ERR_SESSION_LOST' });
  });
});
