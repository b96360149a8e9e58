/** What is fuzzed. */
export interface Target {
  /** Longest input, in bytes. */
  readonly maxBytes: number;
  /** Runs of bytes that are worth trying where chance would not find them. */
  readonly tokens: readonly Uint8Array[];
  /**
   * Does what `input` says, and throws where something does not hold. Knows nothing of the inputs before it.
   *
   * @returns indices at which the input can be cut so that its parts make sense, if there are any
   */
  run(input: Uint8Array): readonly number[] | undefined;
}

/** Throws, for the fuzzer to note, where `isTrue` is not. */
export function check(isTrue: boolean, what: string | (() => string)): asserts isTrue {
  if (!isTrue) throw new Error(typeof what === 'string' ? what : what());
}
