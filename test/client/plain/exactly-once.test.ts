import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { outcomeOf } from '../support.ts';
import { openPlain } from './support.ts';

const sizes = fc.array(fc.oneof(fc.nat(30), fc.integer({ min: 400, max: 3000 })), { maxLength: 12 });

test('whatever the limit from 511 bytes on, each message that fits arrives once and in order, and each other one fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 511, max: 2500 }), sizes, fc.nat(12), async (limit, all, early) => {
      const { socket, server, clock } = openPlain();
      const name = (bytes: number, index: number): string => `${index}`.padEnd(bytes, '.').slice(0, bytes);
      const send = (bytes: number, index: number) => outcomeOf(socket.send(name(bytes, index)).delivered);
      const outcomes = all.slice(0, early).map(send);
      const got: unknown[] = [];
      let connection = await server.next();
      connection.open('');
      await settle();
      outcomes.push(...all.slice(early).map((bytes, index) => send(bytes, index + early)));
      let taken = 0;
      // Each round ends a connection or accepts a message.
      for (let round = 0; round <= 2 * all.length; round++) {
        await settle();
        const culprit = connection.sent.findIndex((data, index) => index >= taken && data.length > limit);
        const end = culprit < 0 ? connection.sent.length : culprit;
        got.push(...connection.sent.slice(taken, end));
        taken = end;
        if (culprit >= 0) {
          connection.end(1009);
          taken = 0;
          clock.advance(Math.min(...clock.delaysMs));
          connection = await server.next();
          connection.open('');
        } else {
          clock.advance(250);
        }
      }
      const fits = all
        .map((bytes, index) => ({ bytes, text: name(bytes, index) }))
        .filter(({ bytes }) => bytes <= limit);
      expect(got).toEqual(fits.map(({ text }) => text));
      const ends = (await Promise.all(outcomes)).map((outcome) => (outcome as { code?: string }).code ?? outcome);
      expect(ends).toEqual(all.map((bytes) => (bytes <= limit ? 'delivered' : 'ERR_MESSAGE_TOO_BIG')));
    }),
    { numRuns: 200 },
  );
});
