import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { findXvfb } from './find-browser.mjs';

/** An X screen that nobody sees, for browsers that know no headless mode. */
export interface Screen {
  /** What the environment of such a browser has to say. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts Xvfb, under the first number that is free. */
export async function startScreen(): Promise<Screen> {
  const program = findXvfb() ?? 'Xvfb';
  const child = spawn(program, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  // It says its number when it is ready.
  const [number] = (await Promise.race([
    once(child.stdio[3] as Readable, 'data'),
    ended.then(() => Promise.reject(new Error(`${program} did not start.`))),
  ])) as [Buffer];
  return {
    env: {
      DISPLAY: `:${number.toString().trim()}`,
      GDK_BACKEND: 'x11',
      // Neither root nor most containers can have WebKit's sandbox.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      // There is no graphics card behind the screen.
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
