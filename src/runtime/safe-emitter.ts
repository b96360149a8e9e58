import { EventEmitter } from 'eventemitter3';

/** Ends a subscription; a second call does nothing. */
export type Unsubscribe = () => void;

/**
 * A typed emitter whose listeners cannot harm the caller: what one of them throws is reported, and the others still run.
 * A listener that returns a promise is reported likewise when it rejects.
 */
export class SafeEmitter<Events extends object> {
  readonly #emitter = new EventEmitter();
  /** Takes what a listener throws. */
  readonly report: (error: unknown) => void;
  /** Called after a listener was added. */
  onListen: ((name: keyof Events) => void) | undefined;

  constructor(report: (error: unknown) => void) {
    this.report = report;
  }

  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => unknown): Unsubscribe {
    if (typeof listener !== 'function') throw new TypeError('The listener must be a function.');
    const guarded = (event: Events[Name]): void => {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(this.report);
      } catch (error) {
        this.report(error);
      }
    };
    this.#emitter.on(name, guarded);
    this.onListen?.(name);
    return () => {
      this.#emitter.off(name, guarded);
    };
  }

  once<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => unknown): Unsubscribe {
    const off = this.on(name, (event) => {
      off();
      return listener(event);
    });
    return off;
  }

  has(name: keyof Events & string): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void {
    this.#emitter.emit(name, event);
  }
}
