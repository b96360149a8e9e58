import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What the page can ask for beside its files, by method and path: `POST /cut`. */
export type Routes = Readonly<Record<string, (response: ServerResponse) => void>>;

/**
 * Serves an example's page: its `index.html`, its `page.ts` as `/page.js`, and the style that all examples have.
 *
 * @param folder - URL of the example's folder, with a slash at its end
 */
export async function createPageServer(folder: URL, routes: Routes = {}): Promise<Server> {
  const [html, style, script] = await Promise.all([
    readFile(new URL('index.html', folder)),
    readFile(new URL('style.css', import.meta.url)),
    bundle(new URL('page.ts', folder)),
  ]);
  const file = (type: string, content: string | Buffer) => (response: ServerResponse) => {
    response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(content);
  };
  const answers: Routes = {
    'GET /': file('text/html', html),
    'GET /style.css': file('text/css', style),
    'GET /page.js': file('text/javascript', script),
    ...routes,
  };
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const answer = answers[`${request.method ?? ''} ${pathname}`];
    if (answer === undefined) response.writeHead(404).end('Nothing here.\n');
    else answer(response);
  });
}

/** Listens on any free port, and returns it. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Ends it, and what connections of browsers there are left. */
export async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

async function bundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    // Without the paths of tsconfig.json: the page gets the package as `exports` of package.json has it.
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text ?? '';
}
