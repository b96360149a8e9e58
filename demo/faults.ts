import { FaultProxy } from '../test/support/fault-proxy/fault-proxy.ts';
import type { ProxiedConnection } from '../test/support/fault-proxy/proxied-connection.ts';

/** Something that goes wrong once so many bytes have passed towards the server, over all connections. */
interface PlannedFault {
  readonly atBytes: number;
  readonly strike: (connection: ProxiedConnection) => void;
}

const CUT_AT = 0.5;
const BAD_GATEWAY_AT = 0.65;

/** Starts an injector that refuses messages over `limitBytes`: closes with 1009, on both sides. */
export async function startInjector(
  targetPort: number,
  limitBytes: number,
  onConnection: (connection: ProxiedConnection) => void = () => undefined,
): Promise<FaultProxy> {
  const proxy = await FaultProxy.start({ targetPort, onConnection });
  proxy.setMessageLimit({ direction: 'toServer', maxBytes: limitBytes, how: 'close-1009', otherLeg: 'close' });
  return proxy;
}

/**
 * As {@link startInjector}, for a file of `totalBytes`: cuts the connection half way, and later closes with 1014 and
 * answers the next handshake with 502.
 */
export async function startPlannedInjector(
  targetPort: number,
  limitBytes: number,
  totalBytes: number,
): Promise<FaultProxy> {
  let plan: readonly PlannedFault[] = [
    {
      atBytes: totalBytes * CUT_AT,
      strike: (connection) => {
        connection.cut('rst');
      },
    },
    {
      atBytes: totalBytes * BAD_GATEWAY_AT,
      strike: (connection) => {
        proxy.nextUpgrade({ status: 502 });
        connection.closeWith(1014, 'Bad Gateway');
      },
    },
  ];
  const proxy = await startInjector(targetPort, limitBytes, (connection) => {
    const passedBytes = proxy.connections.reduce((sum, { counters }) => sum + counters.toServer.bytesOut, 0);
    for (const fault of plan) {
      connection.afterBytes('toServer', Math.max(1, fault.atBytes - passedBytes), () => {
        plan = plan.filter((other) => other !== fault);
        fault.strike(connection);
      });
    }
  });
  return proxy;
}

/** What a person can do to the connections by hand. */
export const handFaults: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
  cut: (proxy) => {
    proxy.cutAll('rst');
  },
  '1014': (proxy) => {
    proxy.closeAll(1014, 'Bad Gateway');
  },
  '502': (proxy) => {
    proxy.nextUpgrade({ status: 502 });
    proxy.cutAll('rst');
  },
};
