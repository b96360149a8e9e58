/**
 * The options as the application sees and sets them, with a `handleProtocols` of its own: that of `options` stays ours.
 *
 * @param handleProtocols - the application's at first
 */
export function appOptions<Options extends object>(options: Options, handleProtocols: unknown): Options {
  let own = handleProtocols;
  return new Proxy(options, {
    get: (target, key) => (key === 'handleProtocols' ? own : (Reflect.get(target, key) as unknown)),
    set: (target, key, value: unknown) => {
      if (key !== 'handleProtocols') return Reflect.set(target, key, value);
      own = value;
      return true;
    },
  });
}
