import { readFileSync, rmSync } from 'node:fs';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { transform } from 'esbuild';
import dts from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';
import { integrityOfBuild, writeIntegrity } from './scripts/integrity.mjs';
import { shortNames } from './scripts/internal-names.mjs';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

// Each entry of `exports` that leads to dist/<name>.js is made from src/<name>.ts.
const entries = Object.fromEntries(
  Object.values(manifest.exports)
    .map((target) => /^\.\/dist\/(.+)\.js$/.exec(target.default ?? '')?.[1])
    .filter((name) => name !== undefined)
    .map((name) => [name, `src/${name}.ts`]),
);

// The bundler of the user resolves these; the script tag's file carries its own.
const external = [/^node:/, /^eventemitter3($|\/)/, /^nanoid($|\/)/, /^ws($|\/)/];

const mangleCache = shortNames(Object.values(entries));
const mangleProps = new RegExp(`^(${Object.keys(mangleCache).join('|')})$`);
const typescript = () => esbuild({ target: 'es2022', tsconfig: 'tsconfig.base.json', mangleProps, mangleCache });

/** Minifies the whole of a file. */
const esbuildMinify = () => ({
  name: 'esbuild-minify',
  renderChunk: (code) => transform(code, { minify: true, sourcemap: true, target: 'es2022' }),
});

/** Every warning is an error: an unresolved import or a cycle must not reach a user. */
const onwarn = (warning) => {
  throw new Error(warning.message);
};

/** Empties dist/ once, before the first of the builds below, so that no chunk of an earlier build is published. */
const cleanDist = () => ({
  name: 'clean-dist',
  buildStart: () => rmSync(new URL('dist', import.meta.url), { recursive: true, force: true }),
});

const modules = {
  input: entries,
  external,
  onwarn,
  plugins: [cleanDist(), typescript()],
  output: {
    dir: 'dist',
    format: 'es',
    hoistTransitiveImports: false,
    sourcemap: true,
    entryFileNames: '[name].js',
    // A module for each source file: a bundler drops what is not used, and inlines constants.
    preserveModules: true,
    preserveModulesRoot: 'src',
    plugins: [
      terser({
        ecma: 2022,
        module: true,
        mangle: false,
        // What esbuild, and so many a user's bundler, does not do: values go to where they are used.
        compress: { defaults: false, collapse_vars: true, evaluate: true, passes: 2, reduce_vars: true, unused: true },
        format: { beautify: true, preserve_annotations: true },
      }),
    ],
  },
};

/** Tells the hash for the script tag, and writes it into the documents; in the gate they have to have it. */
const integrity = () => ({
  name: 'integrity',
  writeBundle() {
    if (!process.env.CI) writeIntegrity();
    console.error(`integrity="${integrityOfBuild()}"`);
  },
});

const scriptTag = {
  input: 'src/global.ts',
  onwarn,
  plugins: [resolve({ browser: true }), commonjs(), typescript(), integrity()],
  output: {
    file: 'dist/chunksocket.iife.min.js',
    format: 'iife',
    name: 'ChunkSocket',
    exports: 'default',
    sourcemap: true,
    banner: `/*! chunksocket ${manifest.version} | MIT | with eventemitter3 and nanoid, MIT */`,
    plugins: [
      // The one finds what the other does not: each alone leaves 1 kB more, when compressed.
      esbuildMinify(),
      terser({
        ecma: 2022,
        compress: { passes: 3 },
        // Pages are served in any encoding: the file must not depend on theirs.
        format: { ascii_only: true, comments: /^!/ },
      }),
    ],
  },
};

/** What the declarations say that a member is called, it is called. */
const noShortName = () => ({
  name: 'no-short-name',
  renderChunk(code) {
    for (const [, name] of code.matchAll(/^ +(?:readonly |static |[gs]et )*(\w+)\??[:(<]/gm)) {
      if (mangleProps.test(name)) throw new Error(`${name} is in the declarations, and was shortened.`);
    }
  },
});

const declarations = {
  input: entries,
  external,
  onwarn,
  plugins: [dts({ tsconfig: 'src/tsconfig.json' }), noShortName()],
  output: {
    dir: 'dist',
    format: 'es',
    hoistTransitiveImports: false,
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'shared/[name]-[hash].d.ts',
  },
};

export default [modules, scriptTag, declarations];
