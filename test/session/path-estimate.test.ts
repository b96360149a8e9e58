import { describe, expect, it } from 'vitest';
import { PathEstimate } from '../../src/session/link/path-estimate.ts';

describe('PathEstimate', () => {
  it('knows nothing at first', () => {
    const path = new PathEstimate();
    expect([path.rttMs, path.rate, path.bandwidthDelayBytes]).toEqual([0, 0, 0]);
  });

  it('multiplies the best rate by the least round trip', () => {
    const path = new PathEstimate();
    path.sample(100, 10_000, 0, true);
    path.sample(50, 4000, 100, true);
    path.sample(200, 30_000, 300, true);
    expect(path.rate).toBe(150);
    expect(path.bandwidthDelayBytes).toBe(150 * 50);
  });

  it('smooths the round trip', () => {
    const path = new PathEstimate();
    path.sample(80, 1, 0, true);
    expect(path.rttMs).toBe(80);
    path.sample(160, 1, 1, true);
    expect(path.rttMs).toBe(90);
  });

  it('forgets after two windows of 5 s, and says when one has ended', () => {
    const path = new PathEstimate();
    expect(path.sample(10, 10_000, 0, true)).toBe(true);
    expect(path.sample(20, 100, 4999, true)).toBe(false);
    expect(path.sample(20, 100, 5000, true)).toBe(true);
    expect(path.rate).toBe(1000);
    expect(path.sample(20, 100, 10_000, true)).toBe(true);
    expect(path.rate).toBe(5);
    expect(path.bandwidthDelayBytes).toBe(100);
  });

  it('does not take a slow application for a slow path', () => {
    const path = new PathEstimate();
    path.sample(100, 5, 0, false);
    expect(path.rate).toBe(0);
    path.sample(100, 10_000, 200, true);
    path.sample(100, 5, 400, false);
    expect(path.rate).toBe(100);
    path.sample(100, 20_000, 600, false);
    expect(path.rate).toBe(200);
  });

  it('survives a clock that is too coarse', () => {
    const path = new PathEstimate();
    path.sample(0, 1000, 0, true);
    expect(path.rate).toBe(2000);
    expect(Number.isFinite(path.bandwidthDelayBytes)).toBe(true);
  });
});
