import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What the server's process tells. */
export type ServerReport =
  { readonly kind: 'listening'; readonly port: number } | { readonly kind: 'failed'; readonly message: string };

/** The server of the bench, in a process of its own: what it needs is measured alone. */
export class ServerProcess implements AsyncDisposable {
  /** Rejects when it has failed, or ended by itself. */
  readonly ended: Promise<never>;
  readonly #child: ChildProcess;
  readonly #killAtExit = (): void => {
    this.#child.kill('SIGKILL');
  };
  /** It has something to write at its end. */
  readonly #isPatient: boolean;
  #port = 0;

  private constructor(child: ChildProcess, isPatient: boolean) {
    this.#child = child;
    this.#isPatient = isPatient;
    this.ended = watchEnd(child);
    // Stopping it is no failure.
    this.ended.catch(() => undefined);
    process.once('exit', this.#killAtExit);
  }

  /**
   * @param script - the server, bundled
   * @param args - its arguments
   * @param nodeArguments - for Node; a profile is complete when the server has ended by itself
   */
  static async start(script: string, args: string[], nodeArguments: string[] = []): Promise<ServerProcess> {
    const child = fork(script, args, { execArgv: nodeArguments });
    const server = new ServerProcess(child, nodeArguments.length > 0);
    const [report] = (await Promise.race([once(child, 'message'), server.ended])) as [ServerReport];
    if (report.kind === 'failed') throw new Error(report.message);
    server.#port = report.port;
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isPatient) this.#child.disconnect();
    else this.#child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
    process.off('exit', this.#killAtExit);
  }
}

async function watchEnd(child: ChildProcess): Promise<never> {
  let message: string | undefined;
  child.on('message', (report: ServerReport) => {
    if (report.kind === 'failed') message = report.message;
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  throw new Error(message ?? `The server ended by itself (${signal ?? `exit code ${code ?? 'unknown'}`}).`);
}
