import { expect, test } from 'vitest';
import { ExampleRig } from './rig.ts';

const MIB = 1024 * 1024;

test('web-worker: a big message comes whole over a cut, and the page stands still for less time than without the worker', async () => {
  const rig = await ExampleRig.start('web-worker');
  const { page } = rig;
  const milliseconds = async (id: string): Promise<number> => {
    await page.waitForFunction(`document.querySelector("#${id}").textContent.endsWith("ms")`);
    return Number.parseInt(await rig.text(`#${id}`));
  };
  await rig.untilState('open');

  rig.cutAfter('toClient', 5 * MIB);
  await page.click('#in-worker');
  const inWorkerMs = await milliseconds('gap-in-worker');
  expect(await rig.text('#readings')).toBe('200,000');
  expect(rig.proxy.connections.length).toBeGreaterThanOrEqual(2);
  // The page has no socket of its own.
  expect(page.workers()).toHaveLength(1);

  await page.click('#on-page');
  const onPageMs = await milliseconds('gap-on-page');
  expect(rig.proxy.connections.length).toBeGreaterThanOrEqual(3);
  expect(inWorkerMs).toBeLessThan(onPageMs);
  expect(await rig.text('#problem')).toBe('');
  expect(rig.errors).toEqual([]);
});
