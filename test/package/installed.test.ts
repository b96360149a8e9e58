import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, findEngine, UnattendedBrowser } from '../support/unattended-browser.ts';
import { chromiumArgs } from '../support/find-browser.mjs';
import { InstalledPackage } from './installed-package.ts';
import { Site } from './site.ts';
import { typeProblems } from './type-problems.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['esbuild', 'script tag', 'vite', 'vite: other entries', 'vite: worker'];
/** One that frames all, so that a browser starts once. */
const FRAMES = ['vite/index.html', 'esbuild/index.html', 'script-tag.html'];

let installed: InstalledPackage;
let entries: string[];
let site: Site;

beforeAll(async () => {
  installed = await InstalledPackage.make();
  const { exports } = JSON.parse(await installed.read('package.json')) as { exports: Record<string, unknown> };
  entries = Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => path.replace('.', 'chunksocket'));
  const folder = join(installed.folder, 'site');
  await buildPages(folder);
  site = await Site.start(folder, installed.path('dist/server.js'));
}, 120_000);

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await installed[Symbol.asyncDispose]();
});

describe('the package, installed from its tarball', () => {
  test('has every entry, by import', async () => {
    const counts = await installed.run(
      `for (const name of ${JSON.stringify(entries)}) console.log(name, Object.keys(await import(name)).length > 0);`,
      'module',
    );
    expect(counts.split('\n')).toEqual(entries.map((name) => `${name} true`));
    expect(entries).toEqual([
      'chunksocket',
      'chunksocket/websocket',
      'chunksocket/server',
      'chunksocket/explain',
      'chunksocket/testing',
    ]);
  });

  test('has every entry, by require, which Node can since 20.19', async () => {
    const source = `
      for (const name of ${JSON.stringify(entries)}) console.log(name, Object.keys(require(name)).length > 0);
      const { ChunkSocket } = require('chunksocket');
      import('chunksocket').then((module) => console.log(module.ChunkSocket === ChunkSocket));
    `;
    const printed = await installed.run(source, 'commonjs', '--no-warnings');
    expect(printed.split('\n')).toEqual([...entries.map((name) => `${name} true`), 'true']);
  });

  test.each(['chunksocket', 'chunksocket/websocket', 'chunksocket/explain', 'chunksocket/testing'])(
    '%s reads no global of a page or of Node when it is imported',
    async (name) => {
      const source = `
        const touched = [];
        const names = ['window', 'self', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'process',
          'WebSocket', 'CloseEvent', 'MessageEvent', 'Blob', 'fetch', 'crypto', 'performance', 'setTimeout', 'setInterval',
          'queueMicrotask', 'MessageChannel', 'addEventListener', 'dispatchEvent', 'reportError', 'Buffer'];
        const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
        for (const name of names) {
          Object.defineProperty(globalThis, name, { configurable: true, get: () => (touched.push(name), real[name]) });
        }
        const log = console.log;
        const before = JSON.stringify(Reflect.ownKeys(globalThis).map(String));
        await import('${name}');
        const after = JSON.stringify(Reflect.ownKeys(globalThis).map(String));
        const result = JSON.stringify({ touched: [...touched], isSame: before === after });
        for (const name of names) Object.defineProperty(globalThis, name, { value: real[name], configurable: true });
        log(result);
      `;
      // What a page's bundler takes: for Node nanoid has a module of its own.
      const printed = await installed.run(source, 'module', '--conditions=browser');
      expect(JSON.parse(printed)).toEqual({ touched: [], isSame: true });
    },
  );

  test('has types that need no others, for pages; and those of Node, for servers and tests', () => {
    const forPages = entries.filter((name) => !/server|testing/.test(name));
    expect(typeProblems(installed.folder, forPages, 'bundler', [])).toEqual([]);
    expect(typeProblems(installed.folder, entries, 'node', ['node'])).toEqual([]);
    // It would be told.
    expect(typeProblems(installed.folder, ['chunksocket/nowhere'], 'bundler', [])).toHaveLength(1);
  });
});

describe.each(ENGINES)('in %s, under a strict Content-Security-Policy', (engine) => {
  test('the pages that Vite and esbuild built, a worker, and the script tag of the README', async () => {
    const executable = findEngine[engine]();
    if (executable === undefined) throw new Error(`There is no browser with the engine ${engine}: run npm test.`);
    const url = `${site.url}index.html`;
    const browser = await UnattendedBrowser.open({ engine, executable, url, chromiumArgs });
    try {
      const reports = await Promise.race([site.reports.take(PAGES.length), browser.ended]);
      reports.sort((a, b) => (a.page < b.page ? -1 : 1));
      expect(reports).toEqual(PAGES.map((page) => ({ page, isSame: true })));
    } finally {
      await browser[Symbol.asyncDispose]();
    }
  });
});

async function buildPages(folder: string): Promise<void> {
  await mkdir(join(folder, 'esbuild'), { recursive: true });
  await vite({
    root: join(installed.folder, 'vite'),
    base: '/vite/',
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: join(folder, 'vite'), target: 'es2022' },
  });
  await esbuild({
    entryPoints: [join(installed.folder, 'esbuild/main.js')],
    outfile: join(folder, 'esbuild/main.js'),
    bundle: true,
    minify: true,
    target: 'es2022',
    logLevel: 'error',
  });
  await writeFile(join(folder, 'esbuild/index.html'), page('<script src="main.js"></script>'));
  await cp(installed.path('dist/chunksocket.iife.min.js'), join(folder, 'chunksocket.iife.min.js'));
  for (const file of ['script-tag.js', 'echo.js']) await cp(join(installed.folder, file), join(folder, file));
  const tag = (await scriptTagOfReadme()).replace(/https:[^"]*\//, '/');
  await writeFile(join(folder, 'script-tag.html'), page(`${tag}<script type="module" src="script-tag.js"></script>`));
  const frames = FRAMES.map((path) => `<iframe src="${path}"></iframe>`);
  await writeFile(join(folder, 'index.html'), page(frames.join('')));
}

/** With its hash: a browser runs no script that has another one. */
async function scriptTagOfReadme(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [tag] = /<script\s[^>]*chunksocket\.iife\.min\.js[^>]*integrity="sha384-[^>]*><\/script>/.exec(readme) ?? [];
  if (tag === undefined) throw new Error('README.md has no script tag with a hash.');
  return tag;
}

function page(body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>chunksocket</title><body>${body}`;
}
