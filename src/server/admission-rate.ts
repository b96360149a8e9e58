import { KeyedRate } from './keyed-rate.ts';
import type { ResolvedOptions } from './options.ts';
import { TokenBucket } from './token-bucket.ts';

type Rates = Pick<
  ResolvedOptions,
  'maxNewSessionsPerSecond' | 'maxNewSessionsPerSecondPerIdentity' | 'maxNewSessionsPerSecondPerAddress'
>;

/** How fast sessions may be made: by all, by one identity and from one address. */
export class AdmissionRate {
  readonly #all: TokenBucket;
  readonly #byIdentity: KeyedRate;
  readonly #byAddress: KeyedRate;

  constructor(rates: Rates, nowMs: number) {
    this.#all = new TokenBucket(rates.maxNewSessionsPerSecond, nowMs);
    this.#byIdentity = new KeyedRate(rates.maxNewSessionsPerSecondPerIdentity);
    this.#byAddress = new KeyedRate(rates.maxNewSessionsPerSecondPerAddress);
  }

  /** Why no session may be made now, if none may. */
  problem(identity: string, address: string | undefined, nowMs: number): string | undefined {
    if (!this.#byAddress.has(address, nowMs)) return 'too many new sessions of one address at once';
    if (!this.#byIdentity.has(identity || undefined, nowMs)) return 'too many new sessions of one identity at once';
    return this.#all.has(nowMs) ? undefined : 'too many new sessions at once';
  }

  /** A session is made. Those that are refused must not use up the rate of those that are not. */
  take(identity: string, address: string | undefined, nowMs: number): void {
    this.#byAddress.take(address, nowMs);
    this.#byIdentity.take(identity || undefined, nowMs);
    this.#all.take();
  }
}
