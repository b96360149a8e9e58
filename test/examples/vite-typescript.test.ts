import { expect, test } from 'vitest';
import { ExampleRig } from './rig.ts';

const LINE = 'A line of a message that does not fit into 32 KiB: déjà vu?\n';

test('vite-typescript: what Vite has built sends a long message over a 1009 and a cut, and all of the chat get it', async () => {
  const rig = await ExampleRig.start('vite-typescript', { bytesPerSecond: 500_000 });
  // Less than the server says that it takes.
  rig.proxy.setMessageLimit({ direction: 'toServer', maxBytes: 10_000, how: 'close-1009', otherLeg: 'close' });
  await rig.untilState('open');
  const other = await rig.openTab();
  await rig.untilState('open', other);
  const text = LINE.repeat(10_000);

  await rig.page.$eval('#text', (field, value) => ((field as HTMLTextAreaElement).value = value), text);
  await rig.page.bringToFront();
  await rig.page.click('[type=submit]');
  await rig.proxy.waitFor('over-limit');
  await rig.proxy.waitFor('open', 3);
  rig.cutAfter('toServer', 200_000);

  for (const page of [rig.page, other]) {
    await page.waitForSelector('#messages details pre');
    expect((await rig.text('#messages pre', page)) === text).toBe(true);
    expect(await rig.text('#messages summary', page)).toBe(`All ${text.length.toLocaleString('en')} characters`);
  }
  const events = await rig.page.$$eval('#events li', (items) => items.map(({ textContent }) => textContent));
  expect(events).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^lost with code 10(09|06), try 1 in \d+ ms$/),
      expect.stringMatching(/^packets of up to [\d,]+ bytes \((1009|suspected)\)$/),
      expect.stringMatching(/^lost with code 1006, try 1 in \d+ ms$/),
      expect.stringMatching(/^connection 3, [\d,]+ bytes sent again$/),
    ]),
  );
  expect(await rig.text('#state')).toBe('open');
  expect(await rig.text('#problem')).toBe('');
  expect(rig.proxy.connections.length).toBeGreaterThanOrEqual(4);
  expect(rig.largestMessageBytes()).toBeLessThanOrEqual(32 * 1024);
  expect(rig.errors).toEqual([]);
});
