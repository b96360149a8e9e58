type Method = 'addEventListener' | 'removeEventListener' | 'dispatchEvent';

/** Calls EventTarget's own method: none of an instance, or of a class derived from it, stands in between. */
export function callOwn(target: EventTarget, method: Method, ...args: readonly unknown[]): void {
  const methods: Readonly<Record<Method, unknown>> = EventTarget.prototype;
  Reflect.apply(methods[method] as () => void, target, args);
}
