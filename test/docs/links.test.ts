import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, prose, readPages, ROOT } from './markdown.ts';

const pages = readPages();
const headings = new Map(pages.map(({ path, text }) => [path, anchors(text)]));

interface PackageJson {
  readonly version: string;
  readonly jsdelivr: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly scripts: Readonly<Record<string, string>>;
}
const packageJson = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as PackageJson;

/** What is wrong with a link in a page; undefined for one that leads somewhere. */
function problem(path: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? path : normalize(join(dirname(path), decodeURIComponent(file)));
  if (!existsSync(ROOT + target)) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (statSync(ROOT + target).isDirectory()) return `${link}: a folder has no headings`;
  return headings.get(target)?.has(anchor) === true ? undefined : `${link}: there is no such heading`;
}

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, { text, blocks }) => {
  it('has no dead link', () => {
    const links = [...prose(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.map((link) => problem(path, link)).filter((found) => found !== undefined)).toEqual([]);
  });

  it('names only scripts that are there', () => {
    const names = [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name = '']) => name);
    expect(names.filter((name) => !(name in packageJson.scripts))).toEqual([]);
  });

  it('imports only entries that are there', () => {
    const code = blocks.map((block) => block.code).join('\n') + (prose(text).match(/`chunksocket\/\w+`/g) ?? []).join();
    const entries = [...code.matchAll(/['"`]chunksocket(\/[\w./]+)?['"`]/g)].map(([, entry = '']) => `.${entry}`);
    expect(entries.filter((entry) => !(entry in packageJson.exports))).toEqual([]);
  });

  it('loads the script of this version', () => {
    const code = blocks.map((block) => block.code).join('\n');
    const expected = `chunksocket@${packageJson.version}/${packageJson.jsdelivr.replace('./', '')}`;
    for (const [url] of code.matchAll(/chunksocket@[^"']+/g)) expect(url).toBe(expected);
  });

  it('spells names as their owners do', () => {
    expect(prose(text).match(WRONG)).toBeNull();
  });
});

/** Spellings that are wrong in prose; in code they may be names. */
const WRONG =
  /\b(Websockets?|websockets?(?= (server|client|connection)s?\b)|Nginx|HAproxy|Haproxy|NodeJS|Node\.JS|Javascript|Typescript|Chunksocket|ChunkSockets|GraphQl|Github)\b/;

it('every guide is in the index', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md')?.text ?? '';
  const guides = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/guide/'));
  expect(guides.length).toBeGreaterThan(9);
  expect(guides.filter((path) => !index.includes(`(${path.replace('docs/', '')})`))).toEqual([]);
});
