import { describe, expect, it } from 'vitest';
import { RatedPath } from './link-path.ts';

const START_MS = 500;

/** Small messages alone for a while, then bulk beside them. */
function upload(path: RatedPath, pingEveryMs = 11): RatedPath {
  return path.startPings(pingEveryMs).run(START_MS).startBulk();
}

describe('the window of the sender', () => {
  it('fills 20 Mbit/s with 50 ms, and small messages hardly wait beside it', () => {
    const path = upload(new RatedPath(20, 50));
    expect(path.share(20_000)).toBeGreaterThan(0.96);
    expect(path.pingMs(50, START_MS)).toBeLessThan(72);
    expect(path.pingMs(99, START_MS)).toBeLessThan(80);
    // Growth ends within half a second, and what it leaves is drained. The probes are hardly felt.
    expect(path.pingMs(100, START_MS)).toBeLessThan(150);
    expect(path.pingMs(100, START_MS + 700)).toBeLessThan(85);
    expect(path.windowBytes).toBeGreaterThan(50 * 2500);
    expect(path.windowBytes).toBeLessThan(65 * 2500);
    expect(path.sender.link.path.rttMs).toBeCloseTo(60, -1);
    expect(path.sender.link.path.rate).toBeCloseTo(2500, -2);
  });

  it('works at 1 Mbit/s, where 64 KiB take half a second', () => {
    const path = upload(new RatedPath(1, 50), 31);
    expect(path.share(30_000)).toBeGreaterThan(0.95);
    expect(path.pingMs(50)).toBeLessThan(90);
    expect(path.pingMs(99, 3000)).toBeLessThan(120);
    expect(path.pingMs(100)).toBeLessThan(1000);
  });

  it('fills 200 Mbit/s with 100 ms within two seconds', () => {
    const path = upload(new RatedPath(200, 100));
    expect(path.share(2000)).toBeGreaterThan(0.5);
    expect(path.share(3000)).toBeGreaterThan(0.95);
    expect(path.pingMs(99, 3000)).toBeLessThan(130);
    expect(path.windowBytes).toBeLessThan(3_000_000);
  });

  it('has at most 4 MiB under way where the path is faster than that', () => {
    const path = upload(new RatedPath(30_000, 0.3), 1.7);
    expect(path.share(200)).toBeGreaterThan(0.95);
    expect(path.windowBytes).toBe(4_194_304);
    expect(path.pingMs(99, START_MS)).toBeLessThan(6);
  });

  it('keeps the queue short where the machine itself is the bottleneck', () => {
    const path = upload(new RatedPath(2400, 0.6), 1.7);
    expect(path.share(400)).toBeGreaterThan(0.95);
    expect(path.pingMs(99, START_MS)).toBeLessThan(0.6 + 15);
  });

  it('gives way within three seconds when the path becomes ten times slower', () => {
    const path = upload(new RatedPath(20, 50)).run(4000);
    path.setRate(2);
    path.run(3000);
    const fromMs = path.clock.nowMs;
    expect(path.share(9000)).toBeGreaterThan(0.95);
    expect(path.pingMs(95, fromMs)).toBeLessThan(90);
    expect(path.pingMs(100, fromMs)).toBeLessThan(200);
  });

  it('takes what there is when the path becomes ten times faster', () => {
    const path = upload(new RatedPath(2, 50)).run(4000);
    path.setRate(20);
    path.run(1500);
    expect(path.share(5000)).toBeGreaterThan(0.95);
  });

  it('follows a path that becomes longer, and one that becomes shorter', () => {
    const path = upload(new RatedPath(20, 30)).run(3000);
    path.rules.baseMs = 120;
    path.run(10_000);
    expect(path.share(3000)).toBeGreaterThan(0.95);
    path.rules.baseMs = 30;
    // It is seen when less is under way than the path holds, and only half of it at a time.
    path.run(20_000);
    const fromMs = path.clock.nowMs;
    expect(path.share(3000)).toBeGreaterThan(0.95);
    expect(path.pingMs(99, fromMs)).toBeLessThan(60);
  });

  it.each([5, 10, 20])('is not misled by a round trip that varies by %i ms', (jitterMs) => {
    const path = upload(new RatedPath(20, 50, { jitterMs }));
    expect(path.share(15_000)).toBeGreaterThan(jitterMs < 20 ? 0.85 : 0.75);
    expect(path.pingMs(99, START_MS + 1000)).toBeLessThan(80 + 2 * jitterMs);
  });

  it.each([
    [100, 5, 5, 0.85],
    [100, 2, 3, 0.95],
    [20, 5, 10, 0.85],
  ])('nor on a short path: %d Mbit/s, %d ms that vary by %i', (mbitPerS, baseMs, jitterMs, least) => {
    const path = upload(new RatedPath(mbitPerS, baseMs, { jitterMs })).run(1000);
    expect(path.share(14_000)).toBeGreaterThan(least);
    expect(path.pingMs(99, START_MS + 1000)).toBeLessThan(baseMs + 15 + 2 * jitterMs);
  });

  it('keeps the queue short where messages come with pauses between them', () => {
    const path = upload(new RatedPath(1000, 2), 1.7);
    const { windowBytes } = path.run(1000);
    for (let round = 0; round < 10; round++) {
      path.run(300).stopBulk();
      path.run(20).startBulk();
    }
    path.run(300);
    expect(path.windowBytes).toBeLessThan(windowBytes * 1.5);
    expect(path.pingMs(99, START_MS + 1000)).toBeLessThan(12);
  });

  it.each([
    [20, 50],
    [2400, 0.6],
    [1, 50],
    [100, 5],
  ])('can do with a clock of 1 ms, on %d Mbit/s and %d ms', (mbitPerS, baseMs) => {
    const path = upload(new RatedPath(mbitPerS, baseMs, { clockStepMs: 1 }));
    expect(path.share(mbitPerS > 1000 ? 300 : 5000)).toBeGreaterThan(0.92);
    const fromMs = mbitPerS > 1000 ? START_MS : START_MS + 3000;
    expect(path.pingMs(99, fromMs)).toBeLessThan(baseMs + (mbitPerS === 1 ? 70 : 30));
  });

  it('does not take its own queue for the path in two minutes', () => {
    const path = upload(new RatedPath(4, 50), 31);
    expect(path.share(120_000)).toBeGreaterThan(0.98);
    expect(path.pingMs(99, 110_000)).toBeLessThan(80);
    expect(path.pingMs(100, 5000)).toBeLessThan(90);
  });

  it('bears with sides that stand still half of the time', () => {
    const path = upload(new RatedPath(20, 50, { stopMs: 15 }));
    expect(path.share(10_000)).toBeGreaterThan(0.85);
    expect(path.pingMs(99, START_MS + 1000)).toBeLessThan(240);
  });

  it('shares a path both ways without ever more of a queue', () => {
    const path = upload(new RatedPath(20, 50), 31).startBulk('acceptor').run(2000);
    const before = path.arrivedBytes.acceptor;
    const share = path.share(60_000);
    const backShare = (path.arrivedBytes.acceptor - before) / (2500 * 60_000);
    expect(share + backShare).toBeGreaterThan(1.2);
    expect(Math.min(share, backShare)).toBeGreaterThan(0.4);
    expect(path.pingMs(50, 50_000)).toBeLessThan(200);
    expect(path.pingMs(100, 5000)).toBeLessThan(500);
  });

  it('does not send an old window at once after a pause', () => {
    const path = new RatedPath(20, 100).startBulk().run(4000);
    path.stopBulk();
    path.run(10_000);
    expect(path.windowBytes).toBeGreaterThan(200_000);
    path.startBulk();
    expect(path.sender.link.inFlightBytes).toBeLessThan(90_000);
    // It knows where to go.
    path.run(700);
    expect(path.share(1000)).toBeGreaterThan(0.95);
  });
});
