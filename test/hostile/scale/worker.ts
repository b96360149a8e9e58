import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

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
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#child = spawn('sh', ['-c', WITH_ALL_FILES, process.execPath, '--import', 'tsx', path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
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
