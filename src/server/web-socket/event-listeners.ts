import type { RawData } from './raw-data.ts';
import type { SessionWebSocket } from './session-web-socket.ts';

/** The socket that an event is of, by what handlers want of it. */
export interface WsEventTarget {
  readonly protocol: string;
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

/** As `ws` gives it to listeners of `addEventListener` and to `on…`. */
export interface WsEvent {
  readonly type: string;
  readonly target: WsEventTarget;
}

export interface WsMessageEvent extends WsEvent {
  /** A string for text, else in the form that `binaryType` names. */
  readonly data: string | RawData;
}

export interface WsCloseEvent extends WsEvent {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

export interface WsErrorEvent extends WsEvent {
  readonly error: Error;
  readonly message: string;
}

/** The events of `addEventListener`. */
export interface WsEventMap {
  open: WsEvent;
  message: WsMessageEvent;
  close: WsCloseEvent;
  error: WsErrorEvent;
}

/** A function, or an object that has one. */
export type WsEventListener<Event> = ((event: Event) => void) | { handleEvent(event: Event): void };

/** How a listener is added. */
export interface WsListenerOptions {
  /** For the next event only. @defaultValue false */
  readonly once?: boolean | undefined;
}

type Name = keyof WsEventMap;
type AnyListener = WsEventListener<never>;
type Emitted = (...values: never[]) => void;

interface Entry {
  readonly listener: AnyListener;
  readonly emitted: Emitted;
  readonly isAttribute: boolean;
}

/** The `EventTarget` side of a socket, on top of its side as an `EventEmitter`. */
export class EventListeners {
  readonly #socket: SessionWebSocket;
  readonly #entries: Record<Name, Entry[]> = { open: [], message: [], close: [], error: [] };

  constructor(socket: SessionWebSocket) {
    this.#socket = socket;
  }

  /** The handler of `on…`; null for none. */
  attribute(name: Name): AnyListener | null {
    return this.#current(name).find(({ isAttribute }) => isAttribute)?.listener ?? null;
  }

  /** Anything but a function is no handler. */
  setAttribute(name: Name, handler: unknown): void {
    const old = this.#current(name).find(({ isAttribute }) => isAttribute);
    if (old !== undefined) this.#remove(name, old);
    if (typeof handler === 'function') this.#add(name, handler as AnyListener, true, false);
  }

  /** A listener that is there already is not added again; names of other events are ignored. */
  add(name: string, listener: AnyListener, once: boolean): void {
    if (!this.#isName(name)) return;
    if (this.#current(name).some((entry) => !entry.isAttribute && entry.listener === listener)) return;
    this.#add(name, listener, false, once);
  }

  remove(name: string, listener: AnyListener): void {
    if (!this.#isName(name)) return;
    const entry = this.#current(name).find((one) => !one.isAttribute && one.listener === listener);
    if (entry !== undefined) this.#remove(name, entry);
  }

  #isName(name: string): name is Name {
    return Object.hasOwn(this.#entries, name);
  }

  /** Those that are not gone otherwise: by `once`, `removeAllListeners`. */
  #current(name: Name): Entry[] {
    const listeners: readonly unknown[] = this.#socket.listeners(name);
    return (this.#entries[name] = this.#entries[name].filter(({ emitted }) => listeners.includes(emitted)));
  }

  #add(name: Name, listener: AnyListener, isAttribute: boolean, once: boolean): void {
    const handler = listener as unknown as WsEventListener<WsEvent>;
    const emitted: Emitted = (...values) => {
      const event = { type: name, target: this.#socket, ...this.#facts(name, values) };
      if (typeof handler === 'function') handler.call(this.#socket, event);
      else handler.handleEvent(event);
    };
    this.#entries[name].push({ listener, emitted, isAttribute });
    if (once) this.#socket.once(name, emitted);
    else this.#socket.on(name, emitted);
  }

  #remove(name: Name, { emitted }: Entry): void {
    this.#socket.off(name, emitted);
  }

  #facts(name: Name, [first, second]: readonly unknown[]): object {
    switch (name) {
      case 'open':
        return {};
      case 'message':
        return { data: second === true ? first : String(first) };
      case 'close':
        return { code: first, reason: String(second), wasClean: this.#socket.wasClean };
      case 'error':
        return { error: first, message: (first as Error).message };
    }
  }
}
