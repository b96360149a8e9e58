import { FaultProxy } from '../test/support/fault-proxy/fault-proxy.ts';
import type { ProxiedConnection } from '../test/support/fault-proxy/proxied-connection.ts';

/** Something that goes wrong once so many bytes have passed towards the server, over all connections. */
interface PlannedFault {
  readonly atBytes: number;
  readonly strike: (connection: ProxiedConnection) => void;
}

/** What it is made for. */
export interface PlannedInjectorOptions {
  readonly targetPort: number;
  /** Messages over it are refused: the path closes with 1009, on both sides. */
  readonly limitBytes: number;
  /** Length of the file that is sent. */
  readonly totalBytes: number;
  /** The code by which a page of this browser is told of a 1014. */
  readonly badGatewayCode: number;
}

const LOWER_LIMIT_AT = 0.25;
const CUT_AT = 0.5;
const BAD_GATEWAY_AT = 0.65;
/** From when a page comes back until a 1014 that it did not see is sent again. */
const REPEAT_BYTES = 64 * 1024;

/**
 * A path with a limit on messages that cuts the connection half way, and later closes with 1014 and answers handshakes
 * with 502.
 */
export class PlannedInjector implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly #badGatewayCode: number;
  #plan: PlannedFault[];
  /** The page has not said how it was told of the 1014; until then it is refused. */
  #isWaiting = false;

  private constructor(proxy: FaultProxy, { totalBytes, badGatewayCode }: PlannedInjectorOptions) {
    this.proxy = proxy;
    this.#badGatewayCode = badGatewayCode;
    this.#plan = [
      { atBytes: totalBytes * LOWER_LIMIT_AT, strike: this.#lowerLimit },
      {
        atBytes: totalBytes * CUT_AT,
        strike: (connection) => {
          connection.cut('rst');
        },
      },
      { atBytes: totalBytes * BAD_GATEWAY_AT, strike: this.#badGateway },
    ];
  }

  static async start(options: PlannedInjectorOptions): Promise<PlannedInjector> {
    const { targetPort, limitBytes } = options;
    const proxy = await FaultProxy.start({
      targetPort,
      onConnection: (connection) => {
        injector.#arm(connection);
      },
    });
    const injector = new PlannedInjector(proxy, options);
    injector.#setLimit(limitBytes);
    return injector;
  }

  /**
   * The page has lost a connection, and was told so by `code`. A browser that is busy may learn of the end before it has
   * read the 1014 that came before it: then it is sent once more.
   */
  lost(code: number): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.proxy.everyUpgrade();
    if (code === this.#badGatewayCode) return;
    this.#plan.push({ atBytes: this.#passedBytes + REPEAT_BYTES, strike: this.#badGateway });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.stop();
  }

  get #passedBytes(): number {
    return this.proxy.connections.reduce((sum, { counters }) => sum + counters.toServer.bytesOut, 0);
  }

  #arm(connection: ProxiedConnection): void {
    for (const fault of this.#plan) {
      connection.afterBytes('toServer', Math.max(1, fault.atBytes - this.#passedBytes), () => {
        this.#plan = this.#plan.filter((other) => other !== fault);
        fault.strike(connection);
      });
    }
  }

  #setLimit(maxBytes: number): void {
    this.proxy.setMessageLimit({ direction: 'toServer', maxBytes, how: 'close-1009', otherLeg: 'close' });
  }

  /** Where the machine is so slow that no packet has come to the limit, the limit comes down to the packets. */
  readonly #lowerLimit = ({ counters }: ProxiedConnection): void => {
    if (this.proxy.log.some(({ what }) => what === 'over-limit')) return;
    this.#setLimit(Math.floor(counters.toServer.largestMessageBytes / 2));
  };

  readonly #badGateway = (connection: ProxiedConnection): void => {
    this.#isWaiting = true;
    // At least one, however soon the page tells.
    this.proxy.nextUpgrade({ status: 502 });
    this.proxy.everyUpgrade({ status: 502 });
    connection.closeWith(1014, 'Bad Gateway');
  };
}
