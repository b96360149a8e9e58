import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendWindow } from '../../src/session/link/send-window.ts';

const PACKET = 8192;

/** Sends and acknowledges packets one by one. */
class Sending {
  readonly window = new SendWindow(0);
  sent = 0;
  acked = 0;

  get flightBytes(): number {
    return this.sent - this.acked;
  }

  send(nowMs: number, bytes: number = PACKET, isLast = false): boolean {
    this.sent += bytes;
    const flag = this.window.sent(this.sent, bytes, this.flightBytes, nowMs, isLast);
    if (this.flightBytes >= this.window.bytes) this.window.isBusy = true;
    return flag;
  }

  /** Fills the window; how many packets that took. */
  fill(nowMs: number, bytes: number = PACKET): number {
    let count = 0;
    for (; this.flightBytes < this.window.bytes; count++) this.send(nowMs, bytes);
    return count;
  }

  ack(nowMs: number, bytes: number = this.flightBytes): void {
    this.acked += bytes;
    this.window.acked(this.acked, this.sent, nowMs);
  }
}

/** One that has measured its path. */
function known(): Sending {
  const sending = new Sending();
  sending.fill(0);
  sending.ack(100);
  return sending;
}

describe('SendWindow', () => {
  it('begins with 64 KiB, knows nothing, and leaves packets as they are', () => {
    const { bytes, rttMs, rate, packetBytes } = new SendWindow(0);
    expect([bytes, rttMs, rate, packetBytes]).toEqual([65_536, 0, 0, Infinity]);
  });

  it('asks for an acknowledgement of the first packet, after each quarter of the window, and of the last', () => {
    const sending = new Sending();
    const flags = Array.from({ length: 8 }, (_, i) => sending.send(0, PACKET, i === 7));
    expect(flags).toEqual([true, false, true, false, true, false, true, true]);
  });

  it('asks for one of small packets once in a second', () => {
    const sending = new Sending();
    const flags = Array.from({ length: 40 }, (_, i) => {
      const flag = sending.send(i * 100, 10);
      sending.ack(i * 100 + 10);
      return flag;
    });
    expect(flags.filter(Boolean)).toHaveLength(4);
    expect(sending.window.rttMs).toBe(10);
  });

  it('asks for one of each packet when it knows how much the path carries in a few ms', () => {
    const sending = new Sending();
    sending.fill(0);
    sending.ack(100);
    const { packetBytes } = sending.window;
    expect(packetBytes).toBe(Math.floor((sending.acked / 100) * 12));
    expect([1, 2, 3].map(() => sending.send(100, packetBytes))).toEqual([true, true, true]);
  });

  it('has packets of a third for 5 s after several channels had something to send', () => {
    const { window, acked } = known();
    const perMs = acked / 100;
    window.share(true, 100);
    expect(window.packetBytes).toBe(Math.floor(perMs * 4));
    window.share(false, 5099);
    expect(window.packetBytes).toBe(Math.floor(perMs * 4));
    window.share(false, 5100);
    expect(window.packetBytes).toBe(Math.floor(perMs * 12));
  });

  it.each([
    ['nobody waits', false, 15],
    ['several channels have something to send', true, 5],
  ])('lets a queue of its time stand where %s', (_, isShared, queueMs) => {
    const rate = 1000;
    const sending = new Sending();
    let nowMs = 0;
    let leavesAtMs = 0;
    // A path of 40 ms that carries 1000 bytes in a ms, packet by packet.
    const underWay: { atMs: number; bytes: number }[] = [];
    for (; nowMs < 60_000; nowMs++) {
      sending.window.share(isShared, nowMs);
      while (sending.flightBytes < sending.window.bytes) {
        const bytes = Math.min(1024, sending.window.packetBytes);
        sending.send(nowMs, bytes);
        leavesAtMs = Math.max(leavesAtMs, nowMs) + bytes / rate;
        underWay.push({ atMs: leavesAtMs + 40, bytes });
      }
      for (let next = underWay[0]; next !== undefined && next.atMs <= nowMs; next = underWay[0]) {
        underWay.shift();
        sending.ack(nowMs, next.bytes);
      }
    }
    expect(sending.window.rttMs).toBeGreaterThanOrEqual(40 + queueMs);
    expect(sending.window.rttMs).toBeLessThan(40 + queueMs + 4);
  });

  it('grows by half of what is acknowledged while the window is what stops it, and only then', () => {
    const sending = new Sending();
    sending.fill(0);
    sending.ack(50);
    expect(sending.window.bytes).toBe(65_536 * 1.5);
    for (let i = 1; i < 20; i++) {
      sending.send(i * 100);
      sending.ack(i * 100 + 50);
    }
    expect(sending.window.bytes).toBe(65_536 * 1.5);
  });

  it('does not take a slow application for a slow path', () => {
    const sending = new Sending();
    sending.send(0, 500);
    sending.ack(50);
    expect(sending.window.rate).toBe(0);
    sending.fill(100);
    sending.ack(150);
    const { rate } = sending.window;
    expect(rate).toBe(65_536 / 50);
    sending.send(200, 500);
    sending.ack(250);
    expect(sending.window.rate).toBe(rate);
  });

  it('smooths the round trip', () => {
    const sending = new Sending();
    sending.send(0, 1, true);
    sending.ack(80);
    expect(sending.window.rttMs).toBe(80);
    sending.send(100, 1, true);
    sending.ack(260);
    expect(sending.window.rttMs).toBe(90);
  });

  it('stays within its bounds, and makes no numbers that are none, whatever the clock and the peer do', () => {
    const step = fc.record({
      ms: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 30_000 })),
      packets: fc.nat({ max: 30 }),
      bytes: fc.integer({ min: 1, max: 100_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      takenBytes: fc.nat({ max: 100_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sending = new Sending();
        const { window } = sending;
        let nowMs = 0;
        for (const { ms, packets, bytes, share, takenBytes } of steps) {
          for (let i = 0; i < packets && sending.flightBytes < window.bytes; i++) sending.send(nowMs, bytes);
          nowMs += ms;
          window.takenBytes += takenBytes;
          const count = Math.ceil(sending.flightBytes * share);
          if (count > 0) sending.ack(nowMs, count);
          expect(window.bytes).toBeGreaterThanOrEqual(4096);
          expect(window.bytes).toBeLessThanOrEqual(4_194_304);
          expect(window.rate).toBeGreaterThanOrEqual(0);
          expect(window.rate).toBeLessThan(Infinity);
          expect(window.rttMs).toBeLessThan(Infinity);
          expect(window.packetBytes).toBeGreaterThanOrEqual(1024);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
