import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** As many files as the system lets us open, in place of as many as is usual. */
const WITH_ALL_FILES = 'ulimit -n "$(ulimit -H -n)" && exec "$0" "$@"';

/** A process that does one thing at a time, and answers each time. */
export class Worker<Command extends object, Reply extends object> implements AsyncDisposable {
  /** What the script tells when it is ready. */
  readonly ready: Promise<Reply>;
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;
  #isStopped = false;

  /** @param script - beside this one */
  constructor(script: string) {
    this.#child = spawn('sh', ['-c', WITH_ALL_FILES, process.execPath, '--input-type=module', '-'], {
      // Where the packages are found.
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.stdin?.end(bundle(script));
    this.#failed = this.#watch();
    // Stopping it is no failure.
    this.#failed.catch(() => undefined);
    this.ready = this.#next();
    this.ready.catch(() => undefined);
  }

  /** @throws Error when the process has ended */
  ask(command: Command): Promise<Reply> {
    const reply = this.#next();
    this.#child.send(command);
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
    await this.#failed.catch(() => undefined);
  }

  async #next(): Promise<Reply> {
    const [reply] = (await Promise.race([once(this.#child, 'message'), this.#failed])) as [Reply];
    return reply;
  }

  async #watch(): Promise<never> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, string | null];
    throw new Error(
      this.#isStopped ? 'stopped' : `A process ended by itself (${signal ?? `exit code ${code ?? ''}`}).`,
    );
  }
}

/** As users run it: a compiler in the process, and the names that it gives to closures, would count as its memory. */
function bundle(script: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
