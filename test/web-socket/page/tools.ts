import type { SocketClass } from './harness.ts';
import { show } from './show.ts';

/** What the servers do. From `misfit` on, which echoes, it is done where no other test is disturbed. */
export type Kind =
  'echo' | 'burst' | 'close' | 'info' | 'silent' | 'deflate' | 'misfit' | 'drop' | 'stall' | 'hold' | '404' | 'refused';

const FAULTY: readonly Kind[] = ['misfit', 'drop', 'stall', 'hold', '404'];

/** Closing what is left of a test must not take longer. */
const END_MS = 1000;

/** How many tests there were so far that have connections fail. */
let faultyTests = 0;

export type Params = Readonly<Record<string, string | number>>;

/** What a test has beside the page. */
export class Tools {
  readonly WebSocketClass: SocketClass;
  readonly native: SocketClass = globalThis.WebSocket;
  /** What was reported to `window` and nobody took. */
  errors: unknown[] = [];
  /** What the test waits for. */
  doing = 'begins';
  /** Which of the servers for what fails is that of this test. */
  #faulty: number | undefined;
  readonly #sockets: WebSocket[] = [];
  readonly #isSession = new URLSearchParams(location.search).get('class') === 'session';
  readonly #end = new AbortController();

  constructor(socketClass: SocketClass) {
    this.WebSocketClass = socketClass;
    const { signal } = this.#end;
    addEventListener(
      'error',
      (event) => {
        this.errors.push(event.error);
        event.preventDefault();
      },
      { signal },
    );
    addEventListener(
      'unhandledrejection',
      (event) => {
        this.errors.push(event.reason);
        event.preventDefault();
      },
      { signal },
    );
  }

  /** Whether it is the browser's own class that is tested. */
  get isNative(): boolean {
    return this.WebSocketClass === this.native;
  }

  url(kind: Kind, params: Params = {}): string {
    const page = new URL(location.href);
    let port: string | undefined = page.port;
    if (kind === 'refused') port = page.searchParams.get('dead') ?? '';
    if (FAULTY.includes(kind)) {
      const ports = page.searchParams.getAll('faulty');
      this.#faulty ??= faultyTests++;
      port = ports[this.#faulty % ports.length] ?? '';
    }
    const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]));
    return `ws://127.0.0.1:${port}/${kind}${query.size === 0 ? '' : `?${query}`}`;
  }

  /** A socket of the class under test; it is closed when the test is over. */
  open(kind: Kind, params: Params = {}, protocols: string | string[] = []): WebSocket {
    return this.construct(this.WebSocketClass, this.url(kind, params), protocols);
  }

  /** As {@link Tools.open}, and of any class. */
  openAs(socketClass: SocketClass, kind: Kind, params: Params = {}): WebSocket {
    return this.construct(socketClass, this.url(kind, params));
  }

  /** Calls the constructor with exactly these arguments. */
  construct(socketClass: SocketClass, ...args: readonly unknown[]): WebSocket {
    const socket = Reflect.construct(socketClass, args) as WebSocket;
    this.#sockets.push(socket);
    return socket;
  }

  /** A socket of the class under test that is open. */
  async opened(kind: Kind, params: Params = {}, protocols: string | string[] = []): Promise<WebSocket> {
    const socket = this.open(kind, params, protocols);
    await this.next(socket, 'open');
    return socket;
  }

  /** As {@link Tools.opened}, and of any class. */
  async openedAs(socketClass: SocketClass, kind: Kind, params: Params = {}): Promise<WebSocket> {
    const socket = this.openAs(socketClass, kind, params);
    await this.next(socket, 'open');
    return socket;
  }

  /** The next event of that type. */
  next<Name extends keyof WebSocketEventMap>(socket: WebSocket, name: Name): Promise<WebSocketEventMap[Name]> {
    this.doing = `waits for ${name} of ${socket.url}`;
    return new Promise((resolve) => {
      socket.addEventListener(name, resolve, { once: true });
    });
  }

  /** The data of the next so many messages. */
  messages(socket: WebSocket, count: number): Promise<unknown[]> {
    const received: unknown[] = [];
    return new Promise((resolve) => {
      const listener = ({ data }: MessageEvent<unknown>): void => {
        received.push(data);
        this.doing = `has ${received.length} of ${count} messages of ${socket.url}`;
        if (received.length < count) return;
        socket.removeEventListener('message', listener);
        resolve(received);
      };
      this.doing = `waits for ${count} messages of ${socket.url}`;
      socket.addEventListener('message', listener);
    });
  }

  /** Waits, task by task, until it holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    this.doing = `waits until ${what}`;
    while (!holds() && !this.#end.signal.aborted) await this.task();
  }

  /** A task of its own, after those that wait. */
  task(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
  }

  /** Has the server drop the connection that was given that name. */
  async drop(name: string): Promise<void> {
    await fetch(`/drop?name=${name}`);
  }

  /** What was reported to `window` so far; the test then is not failed for it. */
  takeErrors(): unknown[] {
    return this.errors.splice(0);
  }

  /** Fails unless both are shown alike. */
  equal(actual: unknown, expected: unknown, what = 'value'): void {
    const [got, wanted] = [show(actual), show(expected)];
    if (got === wanted) return;
    const short = (text: string): string => (text.length > 1500 ? `${text.slice(0, 1500)}…` : text);
    throw new Error(`${what}: got ${short(got)} instead of ${short(wanted)}`);
  }

  /**
   * Fails unless both classes give what is shown alike. A session, of which the browser knows nothing, may also be as
   * the standard, or the test, has it.
   */
  async same(what: string, ask: (socketClass: SocketClass) => unknown, standard?: unknown): Promise<void> {
    const wanted = await ask(this.native);
    if (this.isNative) return;
    const got = await ask(this.WebSocketClass);
    if (standard !== undefined && this.#isSession && show(got) === show(standard)) return;
    this.equal(got, wanted, `${what}, beside the browser's own`);
  }

  /** Calls a method with what TypeScript would not let it be called with, and returns what TypeScript says it does not. */
  call(socket: WebSocket, name: 'send' | 'close', ...args: readonly unknown[]): unknown {
    return Reflect.apply(Reflect.get(socket, name) as (...all: unknown[]) => unknown, socket, args);
  }

  /** What calling it throws: `'TypeError'`, or the name and code of a DOMException; `undefined` for nothing. */
  thrownBy(action: () => unknown): string | undefined {
    try {
      action();
      return undefined;
    } catch (error) {
      if (error instanceof DOMException) return `DOMException ${error.name} ${String(Reflect.get(error, 'code'))}`;
      return error instanceof Error ? error.name : `thrown ${show(error)}`;
    }
  }

  /** Fails unless calling it throws just that. */
  throws(action: () => unknown, expected: string, what = 'call'): void {
    this.equal(this.thrownBy(action), expected, what);
  }

  /**
   * Closes what is left: where it can, not before it is open, for that would be one more connection that failed; and
   * waits for the end, for browsers slow down those who have many connections begin.
   */
  async end(): Promise<void> {
    this.#end.abort();
    const ends = this.#sockets.filter((socket) => isOwn(socket) && socket.readyState < 3).map(endOf);
    for (const socket of this.#sockets) if (!isOwn(socket) && socket.readyState < 2) socket.close();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, END_MS);
    });
    await Promise.race([Promise.all(ends), late]);
    clearTimeout(timer);
  }
}

/** Whether it leads to where no connection fails. */
function isOwn(socket: WebSocket): boolean {
  return socket.url.startsWith(`ws://${location.host}/`);
}

/** Closes it when it is open, and waits for that. */
function endOf(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.addEventListener('close', () => {
      resolve();
    });
    const close = (): void => {
      socket.close();
    };
    if (socket.readyState === 0) socket.addEventListener('open', close);
    else close();
  });
}
