import puppeteer from 'puppeteer-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs, findChromium, findFirefox } from '../support/find-browser.mjs';
import { launchWebKit } from '../support/web-kit.ts';
import { CLASS_NAMES, testsOf } from './page/harness.ts';
import type { Result } from './page/harness.ts';
import { WebSocketRig } from './rig.ts';
import './suite/all.ts';

/** A browser that is started for this. */
interface Driven {
  open(url: string): Promise<unknown>;
  close(): Promise<unknown>;
}

interface Engine {
  readonly launch: () => Promise<Driven>;
}

const PAGE_MS = 240_000;

const engines: Readonly<Record<string, Engine>> = {
  chromium: {
    launch: () => drive({ executablePath: findChromium() ?? '', args: chromiumArgs }),
  },
  firefox: {
    launch: () => drive({ browser: 'firefox', executablePath: findFirefox() ?? '' }),
  },
  webkit: {
    launch: async () => {
      const webKit = await launchWebKit();
      return { open: (url) => webKit.driver.get(url), close: () => webKit.close() };
    },
  },
};

async function drive(options: Parameters<typeof puppeteer.launch>[0]): Promise<Driven> {
  const browser = await puppeteer.launch({ ...options, protocolTimeout: PAGE_MS });
  const page = await browser.newPage();
  return { open: (url) => page.goto(url), close: () => browser.close() };
}

/**
 * Everything that can be told of a WebSocket from the outside is told of the browser's own class and of ours, by the
 * same tests. Where browsers differ from the standard, or from each other, a test compares ours with the browser's own
 * (`t.same`); a session may there be as the standard says. Found so, in Chromium, Firefox ESR and WebKitGTK:
 *
 * | What | Standard | Chromium | Firefox | WebKit |
 * | --- | --- | --- | --- | --- |
 * | `close(999.5)`, `close(3001.5)` | 1000, 3002 | cut off: an error, 3001 | 1000, 3002 | cut off, as Chromium |
 * | `close(undefined, 'why')` | 1005, no reason | InvalidAccessError | 1005, no reason | 1005, no reason |
 * | `close(undefined, 124 bytes)` | SyntaxError | InvalidAccessError | SyntaxError | closes |
 * | subprotocols offered, none chosen | opens | fails | opens | opens |
 * | close codes 1012 to 1014 of the server | as sent | as sent | as sent | error, and 1006 |
 * | `send` after `close` adds to `bufferedAmount` | the bytes | the bytes | the bytes | the bytes, and 6 of a frame |
 * | `bufferedAmount` when a connection was lost | is kept | is kept | is kept | 0 |
 * | relative URLs are resolved against `<base>` | yes | yes | no | yes |
 * | the URL `''` | that of the page | that of the page | SyntaxError | that of the page |
 * | `ws://a b/` | SyntaxError | is taken | SyntaxError | SyntaxError |
 * | listeners that capture | come first | in the order of adding | come first | come first |
 *
 * A connection that is lost after it was open ends with `close` alone in all three, and so does a session.
 *
 * What no script can have as the browser does, and what the tests leave out: `isTrusted` is false, and there is no time
 * for microtasks between two listeners of an event.
 */
describe.each(Object.entries(engines))('in %s', (_name, { launch }) => {
  describe.each(CLASS_NAMES)('the class %s', (className) => {
    let results = new Map<string, Result>();

    beforeAll(async () => {
      const [rig, browser] = await Promise.all([WebSocketRig.start(className), launch()]);
      try {
        await browser.open(await rig.pageUrl());
        results = new Map((await rig.results).map((result) => [result.name, result]));
      } finally {
        await browser.close();
        await rig.stop();
      }
    }, PAGE_MS);

    test.each(testsOf(className))('$name', ({ name }) => {
      expect(results.get(name)).toMatchObject({ name, problem: '' });
    });
  });
});
