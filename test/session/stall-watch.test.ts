import { describe, expect, it } from 'vitest';
import { StallWatch } from '../../src/session/link/stall-watch.ts';
import type { StallVerdict } from '../../src/session/link/stall-watch.ts';

interface Tick {
  atMs?: number;
  inFlightBytes?: number;
  bufferedBytes?: number;
  rate?: number;
}

/** Checks once a second, `seconds` times; returns the verdicts. */
function watchFor(watch: StallWatch, seconds: number, fromMs: number, facts: Tick = {}): StallVerdict[] {
  return Array.from({ length: seconds }, (_, i) => check(watch, fromMs + (i + 1) * 1000, facts));
}

function check(watch: StallWatch, nowMs: number, { inFlightBytes = 0, bufferedBytes = 0, rate = 0 }: Tick = {}) {
  return watch.check(nowMs, { inFlightBytes, bufferedBytes, rate });
}

function started(heartbeatMs = 20_000): StallWatch {
  const watch = new StallWatch(heartbeatMs);
  watch.start(0);
  return watch;
}

describe('StallWatch', () => {
  it('wants to be asked once a second while a connection is up', () => {
    const watch = new StallWatch(20_000);
    expect(watch.deadlineMs).toBe(Infinity);
    watch.start(500);
    expect(watch.deadlineMs).toBe(1500);
    expect(check(watch, 700)).toBe('fine');
    expect(watch.deadlineMs).toBe(1500);
    check(watch, 1600);
    expect(watch.deadlineMs).toBe(2600);
    watch.stop();
    expect(watch.deadlineMs).toBe(Infinity);
  });

  it('calls 10 s without an acknowledgement a stall', () => {
    const verdicts = watchFor(started(), 10, 0, { inFlightBytes: 1 });
    expect(verdicts).toEqual([...Array<StallVerdict>(9).fill('fine'), 'stalled']);
  });

  it('gives a slow path four times the time that what is in flight takes, and no more than a minute', () => {
    const slow = { inFlightBytes: 5000, rate: 1 };
    expect(watchFor(started(0), 20, 0, slow).lastIndexOf('fine')).toBe(18);
    const slowest = { inFlightBytes: 5000, rate: 0.001 };
    expect(watchFor(started(0), 60, 0, slowest).lastIndexOf('fine')).toBe(58);
  });

  it('starts anew with each acknowledgement, and with each byte that leaves', () => {
    const watch = started(0);
    expect(watchFor(watch, 9, 0, { inFlightBytes: 1 })).not.toContain('stalled');
    watch.advanced();
    expect(watchFor(watch, 9, 9000, { inFlightBytes: 1, bufferedBytes: 100 })).not.toContain('stalled');
    expect(check(watch, 19_000, { inFlightBytes: 1, bufferedBytes: 50 })).toBe('fine');
    expect(watchFor(watch, 9, 19_000, { inFlightBytes: 1, bufferedBytes: 50 })).toContain('stalled');
  });

  it('is not impatient while nothing is in flight', () => {
    expect(watchFor(started(0), 1000, 0)).not.toContain('stalled');
  });

  it('probes a silent peer, and waits 10 s for an answer', () => {
    const watch = started(20_000);
    const verdicts = watchFor(watch, 30, 0);
    expect(verdicts.indexOf('probe')).toBe(19);
    expect(verdicts.indexOf('stalled')).toBe(29);
    watch.start(30_000);
    expect(watchFor(watch, 25, 30_000)).toContain('probe');
    watch.heard();
    expect(watchFor(watch, 19, 55_000)).toEqual(Array<StallVerdict>(19).fill('fine'));
  });

  it('never probes of its own accord where that is turned off', () => {
    expect(new Set(watchFor(started(0), 100, 0))).toEqual(new Set(['fine']));
  });

  it('asks first when it is late, and gives 10 s from there', () => {
    const watch = started(0);
    watchFor(watch, 9, 0, { inFlightBytes: 1 });
    expect(check(watch, 3_600_000, { inFlightBytes: 1 })).toBe('probe');
    expect(watchFor(watch, 9, 3_600_000, { inFlightBytes: 1 })).not.toContain('stalled');
    expect(check(watch, 3_610_000, { inFlightBytes: 1 })).toBe('stalled');
    const idle = started(0);
    expect(check(idle, 3_600_000)).toBe('probe');
    expect(watchFor(idle, 10, 3_600_000).indexOf('stalled')).toBe(9);
  });

  it('does not wait for ever where every check is late', () => {
    const watch = started(20_000);
    const verdicts = [1, 2, 3, 4].map((minutes) => check(watch, minutes * 60_000));
    expect(verdicts).toEqual(['probe', 'probe', 'probe', 'stalled']);
    const answered = started(20_000);
    for (let minutes = 1; minutes < 100; minutes++) {
      expect(check(answered, minutes * 60_000)).toBe('probe');
      answered.heard();
    }
  });
});
