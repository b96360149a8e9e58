import { expect, test } from 'vitest';
import { ProgressMeter } from '../../src/runtime/progress-meter.ts';

test('the speed is never below 0, also when a message is sent again from its start', () => {
  const meter = new ProgressMeter();
  const speeds = [10_000, 20_000, 0, 1000, 5000].map((bytes, index) => {
    expect(meter.isDue(bytes, index * 100)).toBe(true);
    return meter.bytesPerSecond;
  });
  expect(speeds.slice(0, 4)).toEqual([0, 100_000, 100_000, 73_000]);
  expect(Math.min(...speeds)).toBeGreaterThanOrEqual(0);
});
