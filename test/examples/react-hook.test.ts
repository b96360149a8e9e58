import { expect, test } from 'vitest';
import { ExampleRig } from './rig.ts';

interface Rooms {
  readonly opened: number;
  readonly open: readonly string[];
}

test('react-hook: one socket as long as the component lives, over cuts, renders and StrictMode', async () => {
  const rig = await ExampleRig.start('react-hook');
  const { page } = rig;
  const rooms = async (): Promise<Rooms> => (await (await fetch(`${rig.url}rooms`)).json()) as Rooms;
  const open = async (): Promise<readonly string[]> => (await rooms()).open;

  // StrictMode mounts twice: the socket of the first time is closed.
  await rig.untilState('open');
  await expect.poll(open).toEqual(['red']);

  rig.cutAfter('toServer', 500_000);
  await page.click('#send');
  await page.waitForFunction('document.querySelector("#answer").textContent === "red got 1,000,000 characters"');
  expect(rig.proxy.log.filter(({ what }) => what === 'cut')).toHaveLength(1);
  expect(rig.largestMessageBytes()).toBeLessThanOrEqual(32 * 1024);

  const { opened } = await rooms();
  for (let render = 0; render < 5; render++) await page.click('#render');
  expect(await rig.text('#renders')).toBe('6');
  expect(await rooms()).toEqual({ opened, open: ['red'] });

  await page.select('#room', 'blue');
  await expect.poll(open).toEqual(['blue']);
  await rig.untilState('open');
  await page.click('#send');
  await page.waitForFunction('document.querySelector("#answer").textContent === "blue got 1,000,000 characters"');
  expect((await rooms()).opened).toBe(opened + 1);

  await page.click('#toggle');
  await expect.poll(open).toEqual([]);
  await page.click('#toggle');
  await rig.untilState('open');
  await expect.poll(open).toEqual(['blue']);
  expect(rig.errors).toEqual([]);
});
