import { availableParallelism } from 'node:os';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { commands } from './test/browser/commands.ts';
import { chromiumArgs, findChromium } from './test/support/find-browser.mjs';

const chromium = findChromium();

export default defineConfig({
  test: {
    // Many tests wait for a browser most of the time, so that one worker would leave a core idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.d.ts'],
    },
    projects: [
      {
        test: {
          name: 'node',
          // Nothing is timed: it only ends what hangs, on the slowest of machines.
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
        },
      },
      {
        // Found by the crawl only after the first page load otherwise, and then the page reloads in mid-test.
        optimizeDeps: { include: ['eventemitter3', 'nanoid'] },
        test: {
          name: 'browser',
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          include: ['test/browser/**/*.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            // Without an executable Playwright looks for a browser of its own.
            provider: playwright({
              launchOptions: {
                args: chromiumArgs,
                ...(chromium === undefined ? {} : { executablePath: chromium }),
              },
            }),
            instances: [{ browser: 'chromium' }],
            commands,
          },
        },
      },
    ],
  },
});
