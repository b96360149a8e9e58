// What each entry exports, as the declarations say it: `node scripts/api-report.mjs` fails where that is not what
// docs/api-report/ has, and writes it there with `--write`, to be reviewed with the change. Needs dist/.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';

const FOLDER = 'docs/api-report';
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([path, { types }]) => ({ name: path.replace('.', manifest.name), file: join(process.cwd(), types) }));
const program = ts.createProgram(
  entries.map(({ file }) => file),
  { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

/** What is said in the report of the entry that exports it is not said again in another's. */
const homes = new Map();
for (const { name, file } of entries) {
  for (const symbol of exportsOf(file)) homes.set(resolve(symbol), homes.get(resolve(symbol)) ?? name);
}

const reports = new Map();
for (const entry of entries) {
  reports.set(`${entry.name.replace('/', '-')}.api.md`, await reportOf(entry));
}

if (process.argv.includes('--write')) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of reports) writeFileSync(join(FOLDER, name), text);
} else {
  const names = new Set([...reports.keys(), ...(existsSync(FOLDER) ? readdirSync(FOLDER) : [])]);
  for (const name of names) {
    const path = join(FOLDER, name);
    const difference = firstDifference(existsSync(path) ? readFileSync(path, 'utf8') : '', reports.get(name) ?? '');
    if (difference === undefined) continue;
    console.error(`${path} is not what the build exports. ${difference}`);
    process.exitCode = 1;
  }
  if (process.exitCode === 1) {
    console.error('Where that is meant: npm run api:write, and have it reviewed with the change (docs/versioning.md).');
  } else {
    console.log(`${FOLDER}: ${reports.size} entries are as they were reviewed.`);
  }
}

async function reportOf({ name, file }) {
  const shown = new Map();
  /** What is not exported, and yet seen. */
  const others = new Map();
  const again = new Map();
  const symbols = new Map(exportsOf(file).map((symbol) => [resolve(symbol), symbol.name]));
  for (const [symbol, shownName] of symbols) {
    const home = homes.get(symbol);
    if (home === name) show(symbol, shownName, shown);
    else again.set(shownName, `- \`${shownName}\`, of \`${home}\``);
  }

  function show(symbol, shownName, into) {
    const declarations = symbol.declarations.map(statementOf);
    into.set(shownName, declarations.map(textOf).join('\n'));
    for (const declaration of declarations) visit(declaration);
  }

  function visit(node) {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const target = symbol && resolve(symbol);
      const isNew = target !== undefined && !homes.has(target) && !others.has(target.name);
      if (isNew && target.declarations?.every(isOwnStatement)) show(target, target.name, others);
    }
    ts.forEachChild(node, visit);
  }

  const values = [...shown].filter(([, text]) => /^declare (class|function|const)/.test(text));
  const types = [...shown].filter(([, text]) => !/^declare (class|function|const)/.test(text));
  const sections = [
    ['Values', values],
    ['Types', types],
    ['Seen by these, and not exported', [...others]],
  ];
  const text = [
    `# API of \`${name}\``,
    'Made by `npm run api:write`. A change of it is a change of the API: see [versioning](../versioning.md).',
    ...sections
      .filter(([, members]) => members.length > 0)
      .map(([title, members]) => `## ${title}\n\n\`\`\`ts\n${members.sort(byName).map(last).join('\n\n')}\n\`\`\``),
    ...(again.size > 0 ? [`## As other entries\n\n${[...again].sort(byName).map(last).join('\n')}`] : []),
  ].join('\n\n');
  const path = join(FOLDER, `${name}.md`);
  return prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path });
}

function exportsOf(file) {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
}

function resolve(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Of a variable the whole statement. */
function statementOf(declaration) {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/** Declared at the top of one of our files. */
function isOwnStatement(declaration) {
  const statement = statementOf(declaration);
  const file = statement.getSourceFile();
  return statement.parent === file && file.fileName.startsWith(join(process.cwd(), 'dist'));
}

function textOf(statement) {
  return printer.printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile());
}

function byName([a], [b]) {
  return a < b ? -1 : 1;
}

function last([, text]) {
  return text;
}

function firstDifference(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const index = now.findIndex((line, at) => line !== old[at]);
  const at = index >= 0 ? index : now.length;
  if (at >= old.length && at >= now.length) return undefined;
  return `Line ${at + 1} was: ${old[at] ?? '(none)'}\nand is: ${now[at] ?? '(none)'}`;
}
