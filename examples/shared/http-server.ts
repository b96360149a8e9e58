import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a page server answers, by method and path: `GET /document`. */
export type Routes = Readonly<Record<string, (response: ServerResponse) => void>>;

/** What there is beside the page's `index.html`, and the style that all examples have. */
export interface PageServerOptions {
  /** Modules of the folder that are bundled, each with the path that it gets. @defaultValue `{ '/page.js': 'page.ts' }` */
  readonly modules?: Readonly<Record<string, string>>;
  /** Scripts that are served as they are, by path. */
  readonly scripts?: Readonly<Record<string, URL>>;
  /** What else the page can ask for. */
  readonly routes?: Routes;
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };

/**
 * Serves an example's page. `POST /cut` cuts all WebSocket connections, with no word to either side.
 *
 * @param folder - URL of the example's folder, with a slash at its end
 */
export async function createPageServer(folder: URL, options: PageServerOptions = {}): Promise<Server> {
  const { modules = { '/page.js': 'page.ts' }, scripts = {}, routes = {} } = options;
  const files = [
    ['/', readFile(new URL('index.html', folder))],
    ['/style.css', readFile(new URL('style.css', import.meta.url))],
    ...Object.entries(modules).map(([path, name]) => [path, bundle(new URL(name, folder))] as const),
    ...Object.entries(scripts).map(([path, url]) => [path, readFile(url)] as const),
  ] as const;
  return createRouteServer({ ...(await fileRoutes(files)), ...routes });
}

/** The same for a page that another tool has built: all files of the folder. */
export async function createFolderServer(folder: string): Promise<Server> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      const relative = path.slice(folder.length).replaceAll('\\', '/');
      return [relative === '/index.html' ? '/' : relative, readFile(path)] as const;
    });
  return createRouteServer(await fileRoutes(files));
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

function createRouteServer(routes: Routes): Server {
  const upgraded = new Set<Duplex>();
  const answers: Routes = {
    'POST /cut': (response) => {
      for (const socket of upgraded) socket.destroy();
      response.writeHead(204).end();
    },
    ...routes,
  };
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const answer = answers[`${request.method ?? ''} ${path}`];
    if (answer === undefined) response.writeHead(404).end('Nothing here.\n');
    else answer(response);
  });
  server.on('upgrade', (_request, socket) => {
    upgraded.add(socket);
    // Node has no listener of its own any more: a reset would end the process.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => upgraded.delete(socket));
  });
  return server;
}

async function fileRoutes(
  files: readonly (readonly [path: string, content: Promise<string | Buffer>])[],
): Promise<Routes> {
  const read = await Promise.all(files.map(async ([path, content]) => [path, await content] as const));
  return Object.fromEntries(
    read.map(([path, content]) => {
      const type = TYPES[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream';
      const headers = { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' };
      return [`GET ${path}`, (response: ServerResponse) => response.writeHead(200, headers).end(content)];
    }),
  );
}

async function bundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    write: false,
    logLevel: 'error',
    // Without the paths of tsconfig.json: the page gets the package as `exports` of package.json has it.
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text ?? '';
}
