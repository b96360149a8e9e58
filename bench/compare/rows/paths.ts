import { FaultProxy } from '../../../test/support/fault-proxy/fault-proxy.ts';
import type { Path } from './run-task.ts';

/** Half of a round trip each way, and nothing else. */
export function longPath(roundTripMs: number) {
  return async (targetPort: number): Promise<Path> => {
    const proxy = await FaultProxy.start({ targetPort });
    proxy.faults.shape = { delayMs: roundTripMs / 2 };
    return pathOf(proxy);
  };
}

/** Cuts the next connection behind so many bytes, each time that it is asked to. */
export function cutPath(afterBytes: number) {
  return async (targetPort: number): Promise<Path> => {
    let isArmed = false;
    const proxy = await FaultProxy.start({
      targetPort,
      onConnection: (connection) => {
        if (isArmed) connection.cutAfterBytes('toServer', afterBytes, 'rst');
        isArmed = false;
      },
    });
    return pathOf(proxy, () => {
      isArmed = true;
    });
  };
}

/** Closes with 1009 what is larger, as a gateway does of which the server knows nothing. */
export function narrowPath(maxBytes: number) {
  return async (targetPort: number): Promise<Path> => {
    const proxy = await FaultProxy.start({ targetPort });
    proxy.setMessageLimit({ direction: 'toServer', maxBytes, how: 'close-1009' });
    return pathOf(proxy);
  };
}

function pathOf(proxy: FaultProxy, asked: () => void = () => undefined): Path {
  return { url: proxy.url, asked, [Symbol.asyncDispose]: () => proxy.stop() };
}
