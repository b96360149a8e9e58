import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const TYPE_ROOT = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));

/** What the compiler has against importing these, as strict as it can be, with the declarations themselves checked. */
export function typeProblems(folder: string, entries: readonly string[], types: string[]): string[] {
  const source = entries
    .map((name, index) => `import * as entry${index} from '${name}';\nvoid entry${index};\n`)
    .join('');
  const ways = [
    { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ];
  return ways.flatMap((way) => {
    const options: ts.CompilerOptions = {
      ...way,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types,
      typeRoots: [TYPE_ROOT],
    };
    const file = join(folder, 'consumer.mts');
    const host = ts.createCompilerHost(options);
    const readFile = host.readFile.bind(host);
    host.readFile = (path) => (path === file ? source : readFile(path));
    const program = ts.createProgram([file], options, host);
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  });
}
