import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { ProxyStart, RunningProxy } from './reverse-proxy.ts';

/** As one configures it for WebSocket: by upgrade headers, all else as it comes. */
function configuration({ ports, upstreamPort, folder, idleMs, graceMs }: ProxyStart): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
worker_processes 2;
worker_shutdown_timeout ${graceMs}ms;
events {}
http {
  access_log ${folder}/access.log;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream application {
    server 127.0.0.1:${upstreamPort};
  }
  map $http_upgrade $connection_of_upgrade {
    default upgrade;
    '' close;
  }
  server {
    ${ports.map((port) => `listen 127.0.0.1:${port};`).join('\n    ')}
    location / {
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_of_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering on;
      proxy_read_timeout ${idleMs}ms;
      proxy_send_timeout ${idleMs}ms;
    }
  }
}
`;
}

/** Starts nginx with a configuration of its own. */
export async function startNginx(start: ProxyStart): Promise<RunningProxy> {
  const { folder, ports } = start;
  const file = join(folder, 'nginx.conf');
  const errorLog = join(folder, 'error.log');
  const args = ['-c', file, '-e', errorLog];
  // Its workers are another user where the test is root.
  await chmod(folder, 0o755);
  await writeFile(file, configuration(start));
  const program = Program.start('nginx', args);
  await Promise.all(ports.map((port) => program.listening(port)));
  return {
    async reload() {
      const order = Program.start('nginx', [...args, '-s', 'reload']);
      await order.ended;
      if (order.output.includes('[emerg]')) throw new Error(order.output);
    },
    async logs() {
      const files = [errorLog, join(folder, 'access.log')].map((name) => readFile(name, 'utf8'));
      return [program.output, ...(await Promise.all(files))].join('\n');
    },
    stop: () => program.stop(),
  };
}
