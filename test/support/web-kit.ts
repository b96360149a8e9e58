import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Builder, Capabilities } from 'selenium-webdriver';
import type { WebDriver } from 'selenium-webdriver';
import { DriverService } from 'selenium-webdriver/remote/index.js';
import { findMiniBrowser, findWebKitDriver, findXvfb } from './find-browser.mjs';

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
    .setEnvironment({
      ...(process.env as Record<string, string>),
      DISPLAY: screen.display,
      GDK_BACKEND: 'x11',
      // Neither root nor most containers can have its sandbox.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      // There is no graphics card behind the screen.
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
    })
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

/** A screen that nobody sees, under the first number that is free. */
async function startScreen(): Promise<{ display: string; stop(): Promise<void> }> {
  const program = findXvfb() ?? 'Xvfb';
  const child: ChildProcess = spawn(program, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  // It says its number when it is ready.
  const [number] = (await Promise.race([
    once(child.stdio[3] as Readable, 'data'),
    ended.then(() => Promise.reject(new Error(`${program} did not start.`))),
  ])) as [Buffer];
  return {
    display: `:${number.toString().trim()}`,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
