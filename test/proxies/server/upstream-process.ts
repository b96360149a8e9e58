import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { Inbox } from '../../support/inbox.ts';
import { freePort } from '../support/free-port.ts';
import { Program } from '../support/program.ts';
import type { Delivery } from './delivery.ts';
import type { Told } from './main.ts';

/** A server in a process of its own, which can be killed and started again on the same port. */
export class UpstreamProcess {
  readonly port: number;
  /** What arrived since the last start. */
  deliveries: Delivery[] = [];
  readonly #script: string;
  #program: Program | undefined;
  #told = new Inbox<'listening' | 'held'>();

  private constructor(port: number, script: string) {
    this.port = port;
    this.#script = script;
  }

  /** For one test; it has to be started. */
  static async prepare(): Promise<UpstreamProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'chunksocket-upstream-'));
    const script = join(folder, 'main.mjs');
    await bundle(script);
    const upstream = new UpstreamProcess(await freePort(), script);
    onTestFinished(async () => {
      await upstream.kill();
      await rm(folder, { recursive: true, force: true });
    });
    return upstream;
  }

  /** @param heldChannel - of its messages it takes a first part only */
  async start(heldChannel?: string): Promise<void> {
    const args = [this.#script, String(this.port), ...(heldChannel === undefined ? [] : [heldChannel])];
    const program = Program.start(process.execPath, args);
    this.#program = program;
    this.deliveries = [];
    this.#told = new Inbox();
    program.onLine((line) => {
      const told = JSON.parse(line) as Told;
      if (told.what === 'delivery') this.deliveries.push(told.delivery);
      else this.#told.push(told.what);
    });
    await program.unlessEnded(this.#told.next());
  }

  /** Resolves when it holds a message in the middle. */
  async held(): Promise<void> {
    await this.#told.next();
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.#program?.kill('SIGKILL');
    await this.#program?.ended;
  }
}

async function bundle(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    bundle: true,
    outfile,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    ignoreAnnotations: true,
    // `ws` is CommonJS, and asks for modules of Node.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
}
