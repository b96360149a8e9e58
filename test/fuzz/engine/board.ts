const NUMBERS = ['runs', 'inputBytes', 'branches', 'features', 'corpus', 'heapMebibytes', 'findings'] as const;

/** What the fuzzer's worker shows while it runs, so that the input which never ends, or takes all memory, is known. */
export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Float64Array;
  readonly #input: Uint8Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, NUMBERS.length);
    this.#input = new Uint8Array(buffer, NUMBERS.length * 8);
  }

  static make(maxBytes: number): Board {
    return new Board(new SharedArrayBuffer(NUMBERS.length * 8 + maxBytes));
  }

  get(name: (typeof NUMBERS)[number]): number {
    return this.#numbers[NUMBERS.indexOf(name)] as number;
  }

  set(name: (typeof NUMBERS)[number], value: number): void {
    this.#numbers[NUMBERS.indexOf(name)] = value;
  }

  /** The input that is being run. */
  get input(): Uint8Array {
    return this.#input.slice(0, this.get('inputBytes'));
  }

  /** The next input is about to be run. */
  begin(run: number, input: Uint8Array): void {
    this.#input.set(input);
    this.#numbers[1] = input.length;
    this.#numbers[0] = run;
  }
}
