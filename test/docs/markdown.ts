import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const IGNORED = new Set(['node_modules', 'dist', 'coverage', 'api']);

/** A fenced block of code. */
export interface CodeBlock {
  /** What follows the fence. */
  readonly language: string;
  readonly code: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  /** The comment right before it, and right behind it: nobody sees them, and they say how the block is checked. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** A Markdown file of the repository. */
export interface Page {
  /** From the repository's folder. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

/** All of them, by path. */
export function readPages(): Page[] {
  return markdownPaths('')
    .sort()
    .map((path) => readPage(path));
}

export function readPage(path: string): Page {
  const text = readFileSync(ROOT + path, 'utf8');
  return { path, text, blocks: codeBlocks(text) };
}

function markdownPaths(folder: string): string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = folder + entry.name;
    if (entry.isDirectory()) {
      return IGNORED.has(entry.name) || entry.name.startsWith('.') ? [] : markdownPaths(`${path}/`);
    }
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const FENCED = /^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```$/gm;

function codeBlocks(text: string): CodeBlock[] {
  return [...text.matchAll(FENCED)].map(({ 0: all, 1: indent = '', 2: language = '', 3: code = '', index }) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    line: text.slice(0, index).split('\n').length,
    before: commentAtEnd(text.slice(0, index)),
    after: /^\s*<!--([\s\S]*?)-->/.exec(text.slice(index + all.length))?.[1]?.trim(),
  }));
}

function commentAtEnd(text: string): string | undefined {
  if (!/-->\s*$/.test(text)) return undefined;
  return text.slice(text.lastIndexOf('<!--') + 4, text.lastIndexOf('-->')).trim();
}

/** The text without code, in which links and headings are looked for. */
export function prose(text: string): string {
  return text
    .replaceAll(FENCED, '')
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()#]/g, ''));
}

/** Names of the headings, as links to them spell them. */
export function anchors(text: string): Set<string> {
  const counts = new Map<string, number>();
  const names = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(FENCED, '').matchAll(/^#+ +(.*)$/gm)) {
    const name = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    names.add(count === 0 ? name : `${name}-${count}`);
  }
  return names;
}
