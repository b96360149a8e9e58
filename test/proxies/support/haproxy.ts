import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { ProxyStart, RunningProxy } from './reverse-proxy.ts';

/** As one configures it for WebSocket: a tunnel has a timeout of its own. */
function configuration({ ports, upstreamPort, idleMs, graceMs }: ProxyStart): string {
  return `
global
  log stdout format raw local0
  hard-stop-after ${graceMs}ms

defaults
  log global
  mode http
  option httplog
  timeout connect 300ms
  retries 1
  timeout client 30s
  timeout server 30s
  timeout tunnel ${idleMs}ms

frontend web
  bind ${ports.map((port) => `127.0.0.1:${port}`).join(',')}
  default_backend application

backend application
  server first 127.0.0.1:${upstreamPort}
`;
}

/** Starts HAProxy, a master with its worker, with a configuration of its own. */
export async function startHaproxy(start: ProxyStart): Promise<RunningProxy> {
  const file = join(start.folder, 'haproxy.cfg');
  await writeFile(file, configuration(start));
  const program = Program.start('haproxy', ['-W', '-db', '-f', file]);
  await Promise.all(start.ports.map((port) => program.listening(port)));
  return {
    reload() {
      program.kill('SIGUSR2');
      return Promise.resolve();
    },
    logs: () => Promise.resolve(program.output),
    stop: () => program.stop(),
  };
}
