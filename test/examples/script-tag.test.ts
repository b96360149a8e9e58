import { expect, test } from 'vitest';
import { ExampleRig } from './rig.ts';

const CHARACTERS = 1_000_000;

test('script-tag: a text far over the limit comes back whole, over cuts on both ways', async () => {
  const rig = await ExampleRig.start('script-tag');
  await rig.untilState('open');
  expect(await rig.page.evaluate('typeof ChunkSocket')).toBe('function');

  await rig.page.select('#characters', String(CHARACTERS));
  rig.cutAfter('toServer', CHARACTERS / 2);
  await rig.page.click('#send');
  await rig.page.waitForFunction('document.querySelector("#same").textContent === "yes"');
  rig.cutAfter('toClient', CHARACTERS / 2);
  await rig.page.click('#send');
  await rig.page.waitForFunction('document.querySelector("#same").textContent === "yes"');

  expect(await rig.text('#length')).toBe('1,000,000');
  expect(await rig.text('#echo')).toContain('line 2: déjà vu?');
  expect(rig.proxy.connections.length).toBeGreaterThanOrEqual(3);
  expect(Number(await rig.text('#connections'))).toBeGreaterThanOrEqual(3);
  expect(rig.largestMessageBytes()).toBeLessThanOrEqual(32 * 1024);
  expect(await rig.text('#problem')).toBe('');
  expect(rig.errors).toEqual([]);
});
