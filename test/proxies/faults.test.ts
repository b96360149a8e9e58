import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { startUpstream } from './server/upstream.ts';
import type { Upstream } from './server/upstream.ts';
import { UpstreamProcess } from './server/upstream-process.ts';
import { BrowserBench } from './support/browser-bench.ts';
import { DEAD_UPSTREAM_STATUS, PROXIES, startProxy } from './support/reverse-proxy.ts';
import type { ProxyName, ReverseProxy } from './support/reverse-proxy.ts';
import { until } from './support/until.ts';

// Browsers and proxies at work together: it only ends what hangs.
vi.setConfig({ testTimeout: 60_000 });

const MIB = 1024 * 1024;
const IDLE_MS = 3000;

/** A server, what can go wrong behind the reverse proxy, and the reverse proxy. */
interface Path {
  readonly upstream: Upstream;
  readonly behind: FaultProxy;
  readonly proxy: ReverseProxy;
}

/** @param stallAtBytes - where the first connection stands still, on its way to the server */
async function startPath(name: ProxyName, stallAtBytes = Infinity): Promise<Path> {
  const upstream = await startUpstream();
  const behind = await FaultProxy.start({
    targetPort: upstream.port,
    lingerMs: 1000,
    onConnection: (connection, index) => {
      if (index > 0 || stallAtBytes === Infinity) return;
      connection.afterBytes('toServer', stallAtBytes, () => {
        connection.stall('toServer');
      });
    },
  });
  onTestFinished(() => behind.stop());
  const proxy = await startProxy(name, { upstreamPort: behind.port });
  return { upstream, behind, proxy };
}

/** What a handshake is answered with that is refused. */
function refusalStatus(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on('open', () => {
      reject(new Error('It was not refused.'));
      socket.terminate();
    });
    // Comes of ending it, too.
    socket.on('error', reject);
  });
}

let bench: BrowserBench;

beforeAll(async () => {
  bench = await BrowserBench.launch('chromium');
}, 60_000);

afterAll(() => bench.stop());

beforeEach(() => {
  bench.errors.length = 0;
  onTestFinished(() => {
    expect(bench.errors).toEqual([]);
  });
});

describe.each(PROXIES)('%s', (proxyName) => {
  test('lets 5 MiB through in each direction, on one connection', async () => {
    const { upstream, proxy } = await startPath(proxyName);
    await bench.open('both', proxy.url);

    await bench.send('both', 5 * MIB, { id: 'up', seed: 1, replyBytes: 5 * MIB });
    await until('the answer', async () => (await bench.tell('both')).deliveries.length > 0);

    const { stats, retries, deliveries } = await bench.tell('both');
    await bench.close('both');
    expect({ connections: stats.connections, retries }).toEqual({ connections: 1, retries: [] });
    expect(upstream.deliveries).toMatchObject([{ id: 'up', byteLength: 5 * MIB, isIntact: true }]);
    expect(deliveries).toMatchObject([{ id: 'up', byteLength: 5 * MIB, isIntact: true }]);
  });

  test('refuses while the server is down, at first and later; then everything arrives once', async () => {
    const { upstream, behind, proxy } = await startPath(proxyName);
    const refusals = async (): Promise<number> => {
      const { retries } = await bench.tell('down');
      return retries.filter(({ close, wasOpen }) => close.code === 1006 && !wasOpen).length;
    };

    await behind.refuseConnections();
    expect(await refusalStatus(proxy.url)).toBe(DEAD_UPSTREAM_STATUS[proxyName]);
    await bench.open('down', proxy.url);
    const first = bench.send('down', MIB, { id: 'first', seed: 1 });
    await until('two refusals', async () => (await refusals()) >= 2);
    await behind.acceptConnections();
    await first;
    await behind.refuseConnections();
    behind.cutAll('rst');
    const second = bench.send('down', MIB, { id: 'second', seed: 2 });
    await until('two more refusals', async () => (await refusals()) >= 4);
    await behind.acceptConnections();
    await second;

    const { lost, errors, stats } = await bench.tell('down');
    await bench.close('down');
    expect({ lost, errors, connections: stats.connections }).toEqual({ lost: 0, errors: [], connections: 2 });
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.deliveries).toMatchObject([
      { id: 'first', byteLength: MIB, isIntact: true, isMarked: false },
      { id: 'second', byteLength: MIB, isIntact: true, isMarked: false },
    ]);
  });

  test('loses its connection to the server in mid-transfer: the session goes on where it was', async () => {
    const { upstream, behind, proxy } = await startPath(proxyName, 2 * MIB);
    await bench.open('cut', proxy.url);
    const delivered = bench.send('cut', 8 * MIB, { id: 'big', seed: 1 });
    await behind.waitFor('stalled');

    behind.cutAll('rst');
    await delivered;

    const { stats, retries, lost } = await bench.tell('cut');
    await bench.close('cut');
    expect(retries).toMatchObject([{ wasOpen: true, close: { code: 1006 } }]);
    expect({ lost, connections: stats.connections }).toEqual({ lost: 0, connections: 2 });
    expect(stats.resentBytes).toBeLessThan(6 * MIB);
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.deliveries).toMatchObject([{ id: 'big', byteLength: 8 * MIB, isIntact: true, isMarked: false }]);
  });

  test('is reloaded in mid-transfer: the session goes on through its new workers', async () => {
    const { upstream, behind, proxy } = await startPath(proxyName, 2 * MIB);
    await bench.open('reload', proxy.url);
    const delivered = bench.send('reload', 8 * MIB, { id: 'big', seed: 1 });
    await behind.waitFor('stalled');

    await proxy.reload();
    await delivered;

    const { stats, retries, lost } = await bench.tell('reload');
    await bench.close('reload');
    expect(retries.length).toBeGreaterThan(0);
    expect(retries[0]).toMatchObject({ wasOpen: true, close: { code: 1006 } });
    expect({ lost, connections: stats.connections }).toEqual({ lost: 0, connections: 2 });
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.deliveries).toMatchObject([{ id: 'big', byteLength: 8 * MIB, isIntact: true, isMarked: false }]);
  });

  test('loses the server itself in mid-transfer: what is in doubt comes again, marked, in a new session', async () => {
    const upstream = await UpstreamProcess.prepare();
    await upstream.start('held');
    const proxy = await startProxy(proxyName, { upstreamPort: upstream.port });
    await bench.open('killed', proxy.url);
    for (const seed of [1, 2, 3]) await bench.send('killed', 20_000, { id: `before ${seed}`, seed });
    const big = bench.send('killed', 8 * MIB, { id: 'big', seed: 4 }, 'held');
    await upstream.held();
    await bench.send('killed', 20_000, { id: 'meanwhile', seed: 5 });

    await upstream.kill();
    const { deliveries: known } = upstream;
    await until('a refusal', async () => (await bench.tell('killed')).retries.some(({ wasOpen }) => !wasOpen));
    const late = bench.send('killed', 20_000, { id: 'late', seed: 6 });
    await upstream.start();
    await Promise.all([big, late]);

    const { lost, errors } = await bench.tell('killed');
    await bench.close('killed');
    expect({ lost, errors }).toEqual({ lost: 1, errors: [] });
    expect(known.map(({ id, isIntact, isMarked }) => [id, isIntact, isMarked])).toEqual([
      ['before 1', true, false],
      ['before 2', true, false],
      ['before 3', true, false],
      ['meanwhile', true, false],
    ]);
    const sorted = [...upstream.deliveries].sort((a, b) => a.id.localeCompare(b.id));
    expect(sorted.map(({ id, byteLength, isIntact, isMarked }) => [id, byteLength, isIntact, isMarked])).toEqual([
      ['big', 8 * MIB, true, true],
      ['late', 20_000, true, false],
    ]);
    expect(sorted[0]?.session).not.toBe(known[0]?.session);
  });
});

test('connections that are silent for too long are ended, and the heartbeat keeps them from being that', async () => {
  await Promise.all(
    PROXIES.map(async (proxyName) => {
      const [beating, silent] = [`${proxyName} beating`, `${proxyName} silent`];
      const upstream = await startUpstream();
      const proxy = await startProxy(proxyName, { upstreamPort: upstream.port, idleMs: IDLE_MS });
      await bench.open(beating, proxy.url, { heartbeatMs: 1000 });
      await bench.open(silent, proxy.url, { heartbeatMs: 0 });
      await Promise.all([
        bench.send(beating, 1000, { id: 'one', seed: 1 }),
        bench.send(silent, 1000, { id: 'two', seed: 2 }),
      ]);

      await until('a second end', async () => (await bench.tell(silent)).retries.length >= 2);
      await bench.send(beating, 1000, { id: 'three', seed: 3 });

      const { stats, retries } = await bench.tell(beating);
      expect({ proxyName, connections: stats.connections, retries }).toEqual({
        proxyName,
        connections: 1,
        retries: [],
      });
      expect((await bench.tell(silent)).retries).toMatchObject([
        { wasOpen: true, close: { code: 1006 } },
        { wasOpen: true, close: { code: 1006 } },
      ]);
      await Promise.all([bench.close(beating), bench.close(silent)]);
    }),
  );
});
