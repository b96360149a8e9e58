// Writes the inspector as static files into dist-inspector/, for any web server.
import { mkdir, writeFile } from 'node:fs/promises';
import { inspectorFiles } from './inspector-files.ts';

const folder = new URL('../dist-inspector/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(await inspectorFiles({ isMinified: true })) as [string, string][]) {
  await writeFile(new URL(name, folder), content);
  console.log(`${name.padEnd(14)} ${(content.length / 1024).toFixed(1).padStart(6)} KiB`);
}
