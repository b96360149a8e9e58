import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from './engine/findings.ts';

/** What is fuzzed, by the name of its module in `targets`. */
export const targetNames = ['decoder', 'session'] as const;
export type TargetName = (typeof targetNames)[number];

const folder = fileURLToPath(new URL('.', import.meta.url));
const findingsFolder = join(folder, 'findings');
const corpusFile = (target: TargetName): string => join(folder, 'corpus', `${target}.txt`);

/** The module that exports a target. */
export function targetFile(target: TargetName): string {
  return join(folder, 'targets', `${target}.ts`);
}

/** Whose branches count for a target. */
export function followedFolders(target: TargetName): string[] {
  const layers = target === 'decoder' ? ['protocol'] : ['errors', 'protocol', 'session'];
  return layers.map((layer) => join(folder, '../../src', layer));
}

/** The inputs that are kept: those that together do all that was ever seen, one a line in base64. */
export function readCorpus(target: TargetName): Uint8Array[] {
  return existsSync(corpusFile(target)) ? linesOf(readFileSync(corpusFile(target), 'utf8')) : [];
}

/** Replaces what is kept: shortest first, so that a change shows as few lines. */
export function writeCorpus(target: TargetName, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((input) => Buffer.from(input).toString('base64'));
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  mkdirSync(join(folder, 'corpus'), { recursive: true });
  writeFileSync(corpusFile(target), lines.map((line) => `${line}\n`).join(''));
}

/** Inputs that once found a fault. */
export function readFindings(target: TargetName): { readonly name: string; readonly input: Uint8Array }[] {
  if (!existsSync(findingsFolder)) return [];
  const names = readdirSync(findingsFolder).filter((name) => name.startsWith(`${target}-`));
  return names.flatMap((name) =>
    linesOf(readFileSync(join(findingsFolder, name), 'utf8')).map((input) => ({ name, input })),
  );
}

/** Keeps a finding for good: from now on it is run with the other tests. Returns the file. */
export function writeFinding(target: TargetName, { kind, input }: Finding): string {
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(findingsFolder, `${target}-${name}.txt`);
  mkdirSync(findingsFolder, { recursive: true });
  writeFileSync(file, `# ${kind}\n${Buffer.from(input).toString('base64')}\n`);
  return file;
}

function linesOf(text: string): Uint8Array[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => Uint8Array.from(Buffer.from(line, 'base64')));
}
