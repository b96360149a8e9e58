import type { FaultProxy } from '../test/support/fault-proxy/fault-proxy.ts';
import type { Shape } from '../test/support/fault-proxy/rules.ts';
import type { FaultName, PathState } from './inspector/faults.ts';

const KIB = 1024;

/** Slow enough to watch, and to break in time. */
const USUAL: Shape = { bytesPerSecond: 8_000_000 };
/** As in a train: each way. */
const SLOW: Shape = { bytesPerSecond: 400_000, delayMs: 120 };

/** Does to the path of the inspector's socket what its buttons say. */
export class PathControl {
  readonly #proxy: FaultProxy;
  #limitBytes = 0;
  #isUpstreamDown = false;
  #isSlow = false;
  #isOffline = false;

  constructor(proxy: FaultProxy, limitBytes: number) {
    this.#proxy = proxy;
    this.#limit(limitBytes);
    proxy.faults.shape = USUAL;
  }

  get state(): PathState {
    return {
      limitBytes: this.#limitBytes,
      isUpstreamDown: this.#isUpstreamDown,
      isSlow: this.#isSlow,
      isOffline: this.#isOffline,
    };
  }

  async strike(name: FaultName): Promise<void> {
    await this.#faults[name]();
  }

  readonly #faults: Readonly<Record<FaultName, () => void | Promise<void>>> = {
    'limit-4k': () => {
      this.#limit(4 * KIB);
    },
    'limit-32k': () => {
      this.#limit(32 * KIB);
    },
    'limit-1m': () => {
      this.#limit(KIB * KIB);
    },
    cut: () => {
      this.#proxy.cutAll('fin');
    },
    rst: () => {
      this.#proxy.cutAll('rst');
    },
    '1009': () => {
      this.#proxy.closeAll(1009, 'Message Too Big', { otherLeg: 'close' });
    },
    '1014': () => {
      this.#proxy.closeAll(1014, 'Bad Gateway');
    },
    '502': () => {
      this.#proxy.nextUpgrade({ status: 502 });
      this.#proxy.cutAll('rst');
    },
    upstream: () => {
      this.#isUpstreamDown = !this.#isUpstreamDown;
      this.#proxy.everyUpgrade(this.#isUpstreamDown ? { status: 502 } : undefined);
      if (this.#isUpstreamDown) this.#proxy.closeAll(1014, 'Bad Gateway');
    },
    slow: () => {
      this.#isSlow = !this.#isSlow;
      const shape = this.#isSlow ? SLOW : USUAL;
      this.#proxy.faults.shape = shape;
      for (const connection of this.#proxy.connections) if (!connection.isClosed) connection.shape(shape);
    },
    offline: async () => {
      this.#isOffline = !this.#isOffline;
      if (this.#isOffline) {
        await this.#proxy.refuseConnections();
        this.#proxy.cutAll('rst');
      } else {
        await this.#proxy.acceptConnections();
      }
    },
  };

  #limit(maxBytes: number): void {
    this.#limitBytes = maxBytes;
    this.#proxy.setMessageLimit({ direction: 'toServer', maxBytes, how: 'close-1009', otherLeg: 'close' });
  }
}
