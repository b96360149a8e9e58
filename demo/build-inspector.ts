// Writes the inspector as static files, for any web server: `npm run inspector:build -- [folder]`.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectorFiles } from './inspector-files.ts';

const [folder = fileURLToPath(new URL('dist', import.meta.url))] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(await inspectorFiles({ isMinified: true })) as [string, string][]) {
  await writeFile(join(folder, name), content);
  console.log(`${join(folder, name)} ${(content.length / 1024).toFixed(1)} KiB`);
}
