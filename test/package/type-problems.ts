import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const TYPE_ROOT = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));

/** How a project finds its modules. */
const WAYS = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  node: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
} as const;

/** What the compiler has against importing these, as strict as it can be, in their own declarations, too. */
export function typeProblems(
  folder: string,
  entries: readonly string[],
  way: keyof typeof WAYS,
  types: string[],
): string[] {
  const source = entries
    .map((name, index) => `import * as entry${index} from '${name}';\nvoid entry${index};\n`)
    .join('');
  const options: ts.CompilerOptions = {
    ...WAYS[way],
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    strict: true,
    noEmit: true,
    types,
    typeRoots: [TYPE_ROOT],
  };
  const file = join(folder, 'consumer.mts');
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  host.readFile = (path) => (path === file ? source : readFile(path));
  const program = ts.createProgram([file], options, host);
  // Not those of the platform, which take a minute.
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
  return files
    .flatMap((checked) => [...program.getSyntacticDiagnostics(checked), ...program.getSemanticDiagnostics(checked)])
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
