import { expect, test } from 'vitest';
import { LONG_MS } from './rig.ts';
import { runScale } from './scale/run-scale.ts';

test(
  '200 connections, 50 of them cut at once in the middle of a message: nothing is lost, the others notice nothing',
  async () => {
    const result = await runScale(
      { connections: 200, transfers: 50, messageBytes: 1 << 20, clientProcesses: 1 },
      () => undefined,
    );
    expect(result).toMatchObject({
      opened: 200,
      cut: 50,
      delivered: 50,
      failed: 0,
      messages: { intact: 50, repeated: 0, damaged: 0 },
      echoed: 200,
      undisturbed: 150,
      sessionsAtEnd: 200,
    });
    expect(result.messages.resumed).toBeGreaterThanOrEqual(50);
    // Half of it was there: what came was not sent again, and the rest was.
    expect(result.receivedAtCutBytes).toBeLessThan(50 * (1 << 20));
  },
  LONG_MS,
);
