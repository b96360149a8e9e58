import { fileURLToPath } from 'node:url';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';
import { describe, expect, test } from 'vitest';
import * as client from '../../src/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ERRORS = Object.keys(client).filter((name) => name.endsWith('Error'));
/** Minified: the base class, the class itself with its texts, and what a bundler puts around them. */
const MAX_ERROR_BYTES = 1100;

/** Minified size in bytes of what each bundler makes of `source`. */
const bundlers: Readonly<Record<string, (source: string) => Promise<number>>> = {
  esbuild: async (contents) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: ROOT },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'error',
    });
    return outputFiles[0]?.contents.length ?? NaN;
  },
  rollup: async (source) => {
    const entry = {
      name: 'entry',
      resolveId: (id: string) => (id === 'entry' ? id : null),
      load: (id: string) => (id === 'entry' ? source : null),
    };
    const bundle = await rollup({
      input: 'entry',
      plugins: [entry, resolve({ rootDir: ROOT, browser: true }), commonjs()],
    });
    const { output } = await bundle.generate({ format: 'es' });
    const { code } = await transform(output[0].code, { minify: true, target: 'es2022' });
    return Buffer.byteLength(code);
  },
};

describe.each(Object.entries(bundlers))('%s', (bundler, sizeOf) => {
  // Rollup is slow, and sees no more than the base class and one of the others tell it.
  test.each(bundler === 'esbuild' ? ERRORS : ['ChunkSocketError', 'MessageTooBigError'])(
    '%s costs only itself',
    async (name) => {
      const bytes = await sizeOf(`export { ${name} } from 'chunksocket';`);
      expect(bytes).toBeGreaterThan(100);
      expect(bytes).toBeLessThan(MAX_ERROR_BYTES);
    },
  );

  test.each(['chunksocket', 'chunksocket/websocket', 'chunksocket/explain', 'chunksocket/testing'])(
    'nothing stays of %s where nothing of it is used',
    async (entry) => {
      expect(await sizeOf(`import '${entry}';\nimport * as all from '${entry}';\n`)).toBeLessThanOrEqual(1);
    },
  );
});
