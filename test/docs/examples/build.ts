import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import ts from 'typescript';
import { ROOT } from '../markdown.ts';
import type { Example } from './collect.ts';

const HERE = join(ROOT, 'test/docs/examples');
/** Below the repository's folder, so that packages are found from there. */
const FOLDER = join(ROOT, '.tsbuild/docs-examples');

/** An example that is a file. */
export interface Written {
  readonly example: Example;
  readonly file: string;
}

/** Writes each example as a module of its own. */
export function writeExamples(examples: readonly Example[]): Written[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  return examples.map((example) => {
    const base = example.name.replaceAll(/[^\w]+/g, '-');
    const file = join(FOLDER, `${base}.${example.isTypeScript ? 'ts' : 'js'}`);
    // A module, also where it neither imports nor exports.
    writeFileSync(file, `${example.code}\nexport {};\n`);
    return { example, file };
  });
}

/** What the compiler says of each file, under the options of this folder. */
export function compileExamples(files: readonly string[]): Map<string, string[]> {
  const path = join(HERE, 'tsconfig.json');
  const { options, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path, (name) => ts.sys.readFile(name)).config,
    ts.sys,
    HERE,
  );
  if (errors.length > 0) throw new Error(messages(errors).join('\n'));
  const program = ts.createProgram(files, options);
  return new Map(files.map((file) => [file, messages(ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))]));
}

function messages(diagnostics: readonly ts.Diagnostic[]): string[] {
  return diagnostics.map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `line ${String(line)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/**
 * Makes JavaScript of them, with the package as it is in src/. Each is a module that runs in the world that its place is:
 * hosts and ports of an example are those of the test.
 *
 * @returns the bundle of each, by its file
 */
export async function bundleExamples(
  place: 'node' | 'page',
  written: readonly Written[],
): Promise<Map<string, string>> {
  const folder = join(FOLDER, place);
  const entries = written.map(({ file }) => {
    const name = `${/([^/\\]+)\.[jt]s$/.exec(file)?.[1] ?? ''}.run`;
    const entry = join(FOLDER, `${name}.mjs`);
    const world = JSON.stringify(join(HERE, `${place}-world.ts`));
    writeFileSync(entry, `import ${world};\nimport ${JSON.stringify(file)};\n`);
    return { file, entry, bundle: join(folder, `${name}.js`) };
  });
  writeFileSync(join(FOLDER, 'package.json'), '{ "type": "module" }\n');
  await esbuild.build({
    entryPoints: entries.map(({ entry }) => entry),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    tsconfigRaw: {},
    // The package says of its files that importing them does nothing, and that does not hold for worlds.
    ignoreAnnotations: true,
    ...(place === 'node'
      ? { platform: 'node' as const, packages: 'external' as const }
      : { platform: 'browser' as const }),
    plugins: [
      {
        name: 'sources',
        setup(build) {
          build.onResolve({ filter: /^chunksocket(\/\w+)?$/ }, ({ path }) => ({
            path: join(ROOT, 'src', `${/\/(.*)/.exec(path)?.[1] ?? 'index'}.ts`),
          }));
          build.onResolve({ filter: /^#example$/ }, () => ({ path: join(HERE, 'support.ts') }));
        },
      },
    ],
  });
  return new Map(entries.map(({ file, bundle }) => [file, bundle]));
}
