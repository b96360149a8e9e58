import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const KEPT_OUTPUT_CHARACTERS = 20_000;
const KILL_AFTER_MS = 3000;
const POLL_MS = 10;

/** Servers are where an ordinary user's shell does not look. */
const PATH = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(':');

/** A program that runs beside the test. It ends when the test's process does, at the latest. */
export class Program {
  /** How it ended, as a sentence; for a program that is not there, that. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  // Gently: what is killed leaves its workers behind.
  readonly #endAtExit = (): void => {
    this.kill('SIGTERM');
  };
  #output = '';
  #isOver = false;

  private constructor(name: string, child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.#output = (this.#output + data.toString()).slice(-KEPT_OUTPUT_CHARACTERS);
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('close', (code: number | null, signal: string | null) => {
        resolve(`${name} ended with ${signal ?? String(code)}`);
      });
    });
    void this.ended.then(() => {
      this.#isOver = true;
      process.off('exit', this.#endAtExit);
    });
    process.once('exit', this.#endAtExit);
  }

  static start(command: string, args: readonly string[] = []): Program {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH } });
    return new Program(command, child);
  }

  /** The end of what it said, on stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /** Calls `listener` with each line of stdout. */
  onLine(listener: (line: string) => void): void {
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', listener);
  }

  /** What was promised, or a rejection that tells how the program ended before. */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    const ended = this.ended.then((how) => Promise.reject(new Error(`${how}. It said:\n${this.#output}`)));
    return Promise.race([promise, ended]);
  }

  /** The first line of stdout. */
  async firstLine(): Promise<string> {
    const line = new Promise<string>((resolve) => {
      this.onLine(resolve);
    });
    return this.unlessEnded(line);
  }

  /** Resolves when somebody listens on the port. */
  async listening(port: number): Promise<void> {
    while (!(await isListening(port))) {
      await this.unlessEnded(new Promise((resolve) => setTimeout(resolve, POLL_MS)));
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Ends it, gently at first. */
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.kill('SIGKILL');
    }, KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
