import { readFile } from 'node:fs/promises';
import { bundle } from './bundle.ts';

/** The inspector as static files, by name. */
export interface InspectorFiles {
  readonly 'index.html': string;
  readonly 'inspector.css': string;
  readonly 'inspector.js': string;
}

export async function inspectorFiles(options: { readonly isMinified?: boolean } = {}): Promise<InspectorFiles> {
  const at = (name: string): URL => new URL(`inspector/${name}`, import.meta.url);
  const [html, style, script] = await Promise.all([
    readFile(at('index.html'), 'utf8'),
    bundle(at('style/main.css'), options),
    bundle(at('main.ts'), options),
  ]);
  return { 'index.html': html, 'inspector.css': style, 'inspector.js': script };
}
