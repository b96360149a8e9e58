import { Builder, Capabilities } from 'selenium-webdriver';
import type { WebDriver } from 'selenium-webdriver';
import { DriverService } from 'selenium-webdriver/remote/index.js';
import { findMiniBrowser, findWebKitDriver } from './find-browser.mjs';
import { startScreen } from './screen.ts';

/** A WebKitGTK that is driven by WebDriver, on a screen of its own. */
export interface WebKit {
  readonly driver: WebDriver;
  close(): Promise<void>;
}

/** Starts Xvfb, WebKitWebDriver and MiniBrowser; all three end with `close`. */
export async function launchWebKit(): Promise<WebKit> {
  const screen = await startScreen();
  const service = new DriverService.Builder(findWebKitDriver() ?? 'WebKitWebDriver')
    .setLoopback(true)
    .addArguments('--host=127.0.0.1')
    .setEnvironment({ ...(process.env as Record<string, string>), ...screen.env })
    .build();
  try {
    const url = await service.start();
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: findMiniBrowser(), args: ['--automation'] },
    });
    // `build` starts the session; what it returns can be awaited.
    const driver = await new Builder()
      .disableEnvironmentOverrides()
      .usingServer(url)
      .withCapabilities(capabilities)
      .build();
    return {
      driver,
      async close() {
        await driver.quit();
        await service.kill();
        await screen.stop();
      },
    };
  } catch (error) {
    await service.kill();
    await screen.stop();
    throw error;
  }
}
