import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePorts } from './free-port.ts';
import { startHaproxy } from './haproxy.ts';
import { startNginx } from './nginx.ts';

/** Where a reverse proxy stands, and what is not as usual about it. */
export interface ProxySite {
  /** On how many ports it listens: browsers treat each as a host of its own. */
  readonly portCount: number;
  /** Port of the server behind it. */
  readonly upstreamPort: number;
  /** How long a connection may be silent. */
  readonly idleMs: number;
  /** How long a connection may go on when the proxy is reloaded. */
  readonly graceMs: number;
}

/** What a reverse proxy is started with. */
export interface ProxyStart extends ProxySite {
  readonly ports: readonly number[];
  /** For its files. */
  readonly folder: string;
}

/** A reverse proxy that runs. */
export interface RunningProxy {
  /** Has it read its configuration again, and replace its workers. */
  reload(): Promise<void>;
  /** What it logged. */
  logs(): Promise<string>;
  stop(): Promise<void>;
}

/** A reverse proxy for one test, on 127.0.0.1. */
export interface ReverseProxy extends Pick<RunningProxy, 'reload'> {
  readonly url: string;
  /** The same on each of its ports. */
  readonly urls: readonly string[];
}

const launchers = { nginx: startNginx, haproxy: startHaproxy };

/** Names the program. */
export type ProxyName = keyof typeof launchers;

export const PROXIES = Object.keys(launchers) as readonly ProxyName[];

/** What each answers while the server behind it refuses connections. */
export const DEAD_UPSTREAM_STATUS: Readonly<Record<ProxyName, number>> = { nginx: 502, haproxy: 503 };

const TRIES = 5;

/** Starts a reverse proxy; it is stopped when the test is over, and its logs are shown where that failed. */
export async function startProxy(
  name: ProxyName,
  site: Pick<ProxySite, 'upstreamPort'> & Partial<ProxySite>,
): Promise<ReverseProxy> {
  const folder = await mkdtemp(join(tmpdir(), `chunksocket-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (let count = 1; ; count++) {
    const { portCount = 1, idleMs = 60_000, graceMs = 300 } = site;
    const ports = await freePorts(portCount);
    const start = { ...site, portCount, idleMs, graceMs, ports, folder };
    try {
      const running = await launchers[name](start);
      onTestFinished(async ({ task }) => {
        await running.stop();
        if (task.result?.state === 'fail') console.error(`--- ${name} logged:\n${await running.logs()}`);
      });
      const urls = ports.map((port) => `ws://127.0.0.1:${port}`);
      return { url: urls[0] as string, urls, reload: () => running.reload() };
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (count === TRIES || !/in use|cannot bind/i.test(String(error))) throw error;
    }
  }
}
