import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readPage, ROOT } from './markdown.ts';

const { text } = readPage('docs/architecture.md');

/** A section with a table of states: what type in which file it is about, and its rows. */
interface Machine {
  readonly type: string;
  readonly file: string;
  readonly rows: readonly { readonly from: readonly string[]; readonly to: readonly string[] }[];
}

const names = (cell = ''): string[] => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);

const cells = (line: string): string[] => line.split('|').slice(1, -1);

function readMachine(section: string): Machine | undefined {
  const [, type = '', file = ''] = /^`([#\w]+)` in `(src\/[\w/-]+\.ts)`/m.exec(section) ?? [];
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  if (!/\| from +\| to /.test(section)) return undefined;
  return {
    type,
    file,
    rows: lines.map(cells).map(([from, to]) => ({ from: names(from), to: names(to) })),
  };
}

const machines = text
  .split('\n### ')
  .map(readMachine)
  .filter((machine) => machine !== undefined);

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(ROOT + file, 'utf8'), ts.ScriptTarget.ES2022, true);
}

/** The type of that name: an alias, or that of a property. */
function findType(source: ts.SourceFile, name: string): ts.TypeNode | undefined {
  let found: ts.TypeNode | undefined;
  const visit = (node: ts.Node): void => {
    if ((ts.isTypeAliasDeclaration(node) || ts.isPropertyDeclaration(node)) && node.name.getText() === name) {
      found ??= node.type;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The states that a union has: its words, or the `kind` of its members. */
function statesOf(source: ts.SourceFile, type: ts.TypeNode): string[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap((member) => statesOf(source, member));
  if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return [type.literal.text];
  if (ts.isTypeLiteralNode(type)) return kindOf(source, type.members);
  if (ts.isTypeReferenceNode(type)) {
    const declared = source.statements.find(
      (each) => ts.isInterfaceDeclaration(each) && each.name.text === type.typeName.getText(),
    );
    if (declared !== undefined && ts.isInterfaceDeclaration(declared)) return kindOf(source, declared.members);
  }
  throw new Error(`${type.getText()} is no state.`);
}

function kindOf(source: ts.SourceFile, members: ts.NodeArray<ts.TypeElement>): string[] {
  const kind = members.find((member) => member.name?.getText() === 'kind');
  return kind !== undefined && ts.isPropertySignature(kind) && kind.type !== undefined
    ? statesOf(source, kind.type)
    : [];
}

/** States that the file itself goes to, where it holds them in a property of its own. */
function assigned(source: ts.SourceFile, states: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isAssignment = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    if (isAssignment && /^(this|message)\.#?(state|phase|use)$/.test(node.left.getText())) {
      const words = node.right.getText().match(/'[\w-]+'/g) ?? [];
      found.push(...words.map((word) => word.slice(1, -1)).filter((word) => states.includes(word)));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the states in docs/architecture.md', () => {
  it('are those of all machines', () => {
    expect(machines.map(({ type }) => type)).toEqual([
      'SessionState',
      'ConnectionPhase',
      '#phase',
      'State',
      'Phase',
      'OutgoingState',
      'IncomingUse',
    ]);
  });

  it.each(machines.map((machine) => [machine.type, machine] as const))('of %s are those of the type', (_, machine) => {
    const { type, file, rows } = machine;
    const source = parse(file);
    const found = findType(source, type);
    expect(found, `${type} in ${file}`).toBeDefined();
    const states = found === undefined ? [] : statesOf(source, found);
    expect(states.length).toBeGreaterThan(2);
    const documented = new Set(rows.flatMap(({ from, to }) => [...from, ...to]));
    expect([...documented].sort()).toEqual([...states].sort());
    for (const { from, to } of rows) expect([from.length > 0, to.length]).toEqual([true, 1]);
  });

  it.each([
    ['src/client/connector.ts', 'ConnectionPhase'],
    ['src/client/plain-connector.ts', '#phase'],
    ['src/server/incoming-connection.ts', 'State'],
    ['src/server/accepted-session.ts', 'Phase'],
    ['src/session/session.ts', 'SessionState'],
    ['src/session/mux/sender.ts', 'OutgoingState'],
    ['src/session/mux/receiver.ts', 'IncomingUse'],
    ['src/session/mux/incoming-message.ts', 'IncomingUse'],
  ])('lead to every state that %s goes to', (file, type) => {
    const machine = machines.find((each) => each.type === type);
    const rows = machine?.rows ?? [];
    const goals = assigned(
      parse(file),
      rows.flatMap(({ from, to }) => [...from, ...to]),
    );
    expect(goals).not.toEqual([]);
    const reachable = new Set(rows.flatMap(({ to }) => to));
    expect(goals.filter((goal) => !reachable.has(goal))).toEqual([]);
  });
});

describe('what the application sees', () => {
  const table = text.slice(text.indexOf('### What the application sees'));
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map(cells);

  it.each([
    ['Status', 'src/client/events.ts', 0],
    ['SessionStatus', 'src/server/server-session.ts', 1],
  ])('%s has each of its words once', (type, file, column) => {
    const source = parse(file);
    const found = findType(source, type);
    const states = found === undefined ? [] : statesOf(source, found);
    expect(rows.flatMap((row) => names(row[column])).sort()).toEqual([...states].sort());
  });
});

describe('the layers in docs/architecture.md', () => {
  const rows = text
    .slice(text.indexOf('| layer '), text.indexOf('Arrows point down'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map(cells);
  const layers = rows.map(([layer]) => names(layer)[0] ?? '');

  it('are the folders of src', () => {
    const folders = readdirSync(`${ROOT}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...layers].sort()).toEqual(expect.arrayContaining(['client', 'protocol', 'session']));
    expect(folders.map(({ name }) => name).sort()).toEqual([...layers].sort());
  });

  it.each(rows.map(([layer, allowed]) => [names(layer)[0] ?? '', names(allowed)] as const))(
    '%s imports what it may, and nothing else',
    (layer, allowed) => {
      const files = readdirSync(`${ROOT}src/${layer}`, { recursive: true, encoding: 'utf8' });
      const imported = files
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => [
          ...readFileSync(`${ROOT}src/${layer}/${file}`, 'utf8').matchAll(/from '(?:\.\.\/)+(\w+)\//g),
        ])
        .map(([, folder = '']) => folder)
        .filter((folder) => layers.includes(folder) && folder !== layer);
      expect([...new Set(imported)].filter((folder) => !allowed.includes(folder))).toEqual([]);
    },
  );
});
