/** Time from one small message to the next. */
export const PING_EVERY_MS = 20;

const PING_BYTES = 100;
const ANSWERS_WITHIN_MS = 60_000;

/** Sends a small message every 20 ms, whether or not the ones before were answered, and measures the round trips. */
export class Pinger {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #sentAtMs = new Map<number, number>();
  readonly #roundTripsMs: number[] = [];
  #next = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #onQuiet: (() => void) | undefined;

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#ping();
    }, PING_EVERY_MS);
  }

  /** A small message has come back. */
  answered(data: ArrayBufferLike | Uint8Array): void {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const sentAtMs = this.#sentAtMs.get(number);
    if (sentAtMs === undefined) throw new Error(`Ping ${number} was answered twice, or never sent.`);
    this.#sentAtMs.delete(number);
    // No clock here is exact to more than 5 µs.
    this.#roundTripsMs.push(Math.round((performance.now() - sentAtMs) * 100) / 100);
    if (this.#sentAtMs.size === 0) this.#onQuiet?.();
  }

  /** Sends no more; waits for the answers still to come. */
  async stop(): Promise<number[]> {
    clearInterval(this.#timer);
    if (this.#sentAtMs.size > 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`${this.#sentAtMs.size} small messages were not answered.`));
        }, ANSWERS_WITHIN_MS);
        this.#onQuiet = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#roundTripsMs;
  }

  #ping(): void {
    const bytes = new Uint8Array(PING_BYTES);
    const number = this.#next++;
    new DataView(bytes.buffer).setUint32(0, number);
    this.#sentAtMs.set(number, performance.now());
    this.#send(bytes);
  }
}
