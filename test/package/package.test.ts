import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { integrityProblem } from '../../scripts/integrity.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly dependencies: Record<string, string>;
  readonly unpkg: string;
  readonly jsdelivr: string;
}

const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [[path.replace('.', manifest.name), target] as const],
);

/** What a module that Node runs on its own prints as JSON. Fails when it leaves the process alive. */
async function runModule(source: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: root,
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

/** All that a built file imports, over the files of dist/ that it is made of. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, from, bare] of read(file).matchAll(/^(?:import|export) [^;]*?from '([^']+)'|^import '([^']+)'/gm)) {
    const name = from ?? bare ?? '';
    if (!name.startsWith('.')) packages.add(name);
    else for (const other of packagesOf(join(dirname(file), name), seen)) packages.add(other);
  }
  return packages;
}

describe('the package', () => {
  test('holds what it needs and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string; size: number }[] }];
    const paths = files.map(({ path }) => path);

    const built = readdirSync(`${root}/dist`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath.slice(root.length).replace(/^\//, '')}/${entry.name}`);
    expect(paths.filter((path) => path.startsWith('dist/')).sort()).toEqual(built.sort());
    const others = paths.filter((path) => !path.startsWith('dist/'));
    expect(others.filter((path) => !path.startsWith('docs/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'PROTOCOL.md',
      'README.md',
      'SECURITY.md',
      'package.json',
    ]);
    // The guides, for those who read them where it is installed; no pictures, no reports.
    expect(others.filter((path) => /^docs\/(?!(guide\/)?[\w-]+\.md$)/.test(path))).toEqual([]);
    expect(others).toContain('docs/guide/big-messages.md');
    expect(files.filter(({ size }) => size === 0)).toEqual([]);
  });

  test('has every file that its manifest names', () => {
    const named = [
      manifest.unpkg,
      manifest.jsdelivr,
      ...entries.flatMap(([, target]) => [target.types, target.default]),
    ];
    expect(named.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
  });

  test('has the version of its changelog', () => {
    expect(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1]).toBe(manifest.version);
  });

  test('has the hash that the documents name for the script tag', () => {
    expect(integrityProblem()).toBeUndefined();
  });

  test('has source maps that name their sources and carry them', () => {
    const maps = readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.map'),
    );
    expect(maps.length).toBeGreaterThan(3);
    for (const path of maps) {
      const { sources, sourcesContent } = JSON.parse(read(`dist/${path}`)) as {
        sources: string[];
        sourcesContent: string[];
      };
      expect(sourcesContent).toHaveLength(sources.length);
      expect(sources.filter((source) => source.startsWith('/'))).toEqual([]);
    }
  });
});

describe('an entry', () => {
  test('is found by its name, and exports what its source does', async () => {
    const exported = (await runModule(`
      const names = ${JSON.stringify(entries.map(([name]) => name))};
      const all = await Promise.all(names.map(async (name) => [name, Object.keys(await import(name)).sort()]));
      console.log(JSON.stringify(Object.fromEntries(all)));
    `)) as Record<string, string[]>;

    expect(exported['chunksocket']).toContain('ChunkSocket');
    expect(exported['chunksocket/server']).toContain('ChunkServer');
    expect(exported['chunksocket/explain']).toEqual(['explainClose']);
    for (const [name, target] of entries) {
      const source = read(target.default.replace('./dist/', 'src/').replace(/js$/, 'ts'));
      const values = [...source.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = '']) =>
        list.split(',').map((value) => value.trim()),
      );
      expect(exported[name]).toEqual(values.filter(Boolean).sort());
    }
  });

  test('that does not exist is refused', async () => {
    const code = await runModule(`
      const error = await import('chunksocket/dist/index.js').catch((error) => error);
      console.log(JSON.stringify(error.code));
    `);
    expect(code).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test.each(entries.map(([name]) => name))('%s touches no global, and leaves nothing running', async (name) => {
    const result = await runModule(`
      for (const gone of ['WebSocket', 'navigator', 'Blob', 'crypto']) Reflect.deleteProperty(globalThis, gone);
      const before = JSON.stringify(Object.getOwnPropertyNames(globalThis).sort());
      const listeners = process.eventNames().length;
      await import('${name}');
      console.log(JSON.stringify({
        isSame: JSON.stringify(Object.getOwnPropertyNames(globalThis).sort()) === before,
        listeners: process.eventNames().length - listeners,
        resources: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind.startsWith('TCP')),
      }));
    `);
    expect(result).toEqual({ isSame: true, listeners: 0, resources: [] });
  });

  test('for pages imports no more than the dependencies, and nothing of Node', () => {
    const allowed = Object.keys(manifest.dependencies);
    for (const entry of ['index', 'websocket', 'testing']) {
      expect([...packagesOf(`dist/${entry}.js`)].filter((name) => !allowed.includes(name))).toEqual([]);
    }
    expect([...packagesOf('dist/explain.js')]).toEqual([]);
  });

  test('for servers imports the dependencies and Node, and not `ws` itself', () => {
    const allowed = Object.keys(manifest.dependencies);
    const others = [...packagesOf('dist/server.js')].filter((name) => !allowed.includes(name));
    expect(others.filter((name) => !name.startsWith('node:'))).toEqual([]);
  });

  test('works together: client and server of the built package, over a WebSocket', async () => {
    const result = await runModule(`
      import { once } from 'node:events';
      import { WebSocket, WebSocketServer } from 'ws';
      import { ChunkSocket, MessageTooBigError } from 'chunksocket';
      import { ChunkServer } from 'chunksocket/server';
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const server = new ChunkServer({ maxMessageBytes: 100_000 });
      server.attach(wss);
      server.on('session', (session) => session.on('message', ({ data }) => session.send(data)));
      const socket = new ChunkSocket('ws://127.0.0.1:' + wss.address().port, { WebSocket });
      const echo = new Promise((resolve) => socket.on('message', ({ data }) => resolve(data)));
      await socket.send('hello').delivered;
      const error = await socket.send(new Uint8Array(100_001)).delivered.catch((error) => error);
      const text = await echo;
      await socket.close();
      wss.close();
      console.log(JSON.stringify({ text, isTyped: error instanceof MessageTooBigError, name: error.name }));
    `);
    expect(result).toEqual({ text: 'hello', isTyped: true, name: 'MessageTooBigError' });
  });
});

describe('the file for script tags', () => {
  const source = read('dist/chunksocket.iife.min.js');

  test('defines one global in a page that has nothing else', () => {
    const page = createContext({ TextEncoder, TextDecoder, URL });
    runInContext(source, page);

    expect(Object.keys(page).sort()).toEqual(['ChunkSocket', 'TextDecoder', 'TextEncoder', 'URL']);
    expect(runInContext('typeof ChunkSocket', page)).toBe('function');
    expect(
      runInContext('try { new ChunkSocket("ws://host/", { maxPacketBytes: 511 }) } catch (e) { e.name }', page),
    ).toBe('OptionError');
  });

  test('is ASCII, names its version and licence, and needs no loader', () => {
    // eslint-disable-next-line no-control-regex -- that is what ASCII is
    expect(source).toMatch(/^[\x00-\x7f]*$/);
    expect(source).toContain(`/*! chunksocket ${manifest.version} | MIT`);
    expect(source).not.toMatch(/\b(require|import)\(/);
    expect(source).not.toContain('process.');
  });
});
