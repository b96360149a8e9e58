import ts from 'typescript';

/** The name by which instrumented code knows the counters. */
export const COUNTERS_NAME = '__counters';

/**
 * TypeScript with a counter in each branch: functions, both ways of `if` and `?:`, right sides of `&&`, `||` and `??`,
 * bodies of loops, cases and `catch`. Lines stay where they are, so that stacks can be read.
 *
 * @param nextId - gives each branch its number
 */
export function instrument(fileName: string, source: string, nextId: () => number): string {
  const file = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const count = (): string => `${COUNTERS_NAME}[${nextId()}]++`;

  const asExpression = (code: string): string => `(${count()},${code})`;
  const asBlock = (node: ts.Node, code: string): string =>
    ts.isBlock(node) ? `{${count()};${code.slice(1)}` : `{${count()};${code}}`;

  /** The node's own text, with what is below it instrumented. */
  const inner = (node: ts.Node): string => {
    let text = '';
    let at = node.getStart(file);
    node.forEachChild((child) => {
      text += source.slice(at, Math.max(at, child.getFullStart())) + print(child);
      at = child.getEnd();
    });
    return text + source.slice(at, node.getEnd());
  };

  const print = (node: ts.Node): string => {
    const trivia = source.slice(node.getFullStart(), node.getStart(file));
    return trivia + wrap(node, inner(node));
  };

  const wrap = (node: ts.Node, code: string): string => {
    const { parent } = node;
    if (ts.isIfStatement(node) && node.elseStatement === undefined) code += ` else {${count()};}`;
    if (ts.isIfStatement(parent) && node !== parent.expression) return asBlock(node, code);
    if (ts.isIterationStatement(parent, false) && node === parent.statement) return asBlock(node, code);
    if (ts.isCatchClause(parent) && node === parent.block) return asBlock(node, code);
    if (ts.isConditionalExpression(parent) && (node === parent.whenTrue || node === parent.whenFalse)) {
      return asExpression(code);
    }
    if (ts.isBinaryExpression(parent) && node === parent.right && isShortCut(parent.operatorToken.kind)) {
      return asExpression(code);
    }
    if (ts.isFunctionLike(parent) && 'body' in parent && node === parent.body) {
      return ts.isBlock(node) ? asBlock(node, code) : asExpression(code);
    }
    if (ts.isCaseOrDefaultClause(node)) {
      const colon = node.statements.pos - node.getStart(file);
      const original = source.slice(node.getStart(file), node.statements.pos);
      // What stands before the colon has branches of its own in the rarest of cases.
      if (code.startsWith(original)) return `${original}${count()};${code.slice(colon)}`;
    }
    return code;
  };
  return source.slice(0, file.getStart(file)) + inner(file);
}

const SHORT_CUTS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

function isShortCut(kind: ts.SyntaxKind): boolean {
  return SHORT_CUTS.has(kind);
}
