// Finds the names that nobody outside of the bundle can see, so that the build may shorten them. By itself, prints them.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Whether it is in our source, and not said of the platform or of a package. */
const isOurs = (node) => /\/src\/.+(?<!\.d)\.ts$/.test(node.getSourceFile().fileName);

/** By how often they stand in JavaScript, so that the result compresses better. */
const LETTERS = [...'etsirnoaludchpfmgkbvywxjqzETSIRNOALUDCHPFMGKBVYWXJQZ'];

/**
 * A short name for each of the names of properties and methods that are declared in src/ and seen by no one else. In doubt a
 * name is not one of them. Left out is, whatever it belongs to:
 *
 * - what a type can be asked for that is reached from an entry's exports;
 * - what the platform, Node or a package declares: our object may stand for theirs, or be handed to them;
 * - what goes through JSON, and all that src/protocol declares, for that is the wire;
 * - what is also the text of a string: a member may be asked for by it.
 *
 * @param {readonly string[]} entries - files of src/ whose exports are public
 * @returns {Record<string, string>} the shortest for the most used; none is a name of anything yet
 */
export function shortNames(entries) {
  const files = ts.sys.readDirectory('src', ['.ts']).filter((file) => !file.endsWith('.d.ts'));
  const { compilerOptions } = ts.readConfigFile('tsconfig.base.json', ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(
    // The newest, so that they have every name that a platform may know.
    { ...compilerOptions, composite: false, lib: ['esnext', 'dom', 'dom.iterable'], types: ['node', 'ws'] },
    process.cwd(),
  );
  const program = ts.createProgram(files, options);
  const seen = new SeenNames(program.getTypeChecker());
  for (const entry of entries) seen.exportsOf(program.getSourceFile(entry));

  const uses = new Map();
  const visit = (node) => {
    const { parent } = node;
    if (ts.isIdentifier(node)) uses.set(node.text, (uses.get(node.text) ?? 0) + 1);
    // The words of a type are no strings: nothing of them is left.
    if (ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(parent)) seen.names.add(node.text);
    if (ts.isCallExpression(node) && node.expression.getText() === 'JSON.stringify') seen.typeOf(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  const declared = new Set();
  for (const file of program.getSourceFiles()) {
    const isWire = file.fileName.includes('/src/protocol/');
    const names = isOurs(file) && !isWire ? declared : seen.names;
    forEachProperty(file, (name) => names.add(name));
    if (isOurs(file)) visit(file);
  }
  const internal = [...declared].filter((name) => !seen.names.has(name));
  internal.sort((a, b) => uses.get(b) - uses.get(a) || (a < b ? -1 : 1));
  const short = [...LETTERS, ...LETTERS.flatMap((first) => LETTERS.map((second) => first + second))];
  const free = short.filter((name) => !seen.names.has(name) && !declared.has(name));
  return Object.fromEntries(internal.map((name, index) => [name, free[index]]));
}

/** The names that can be seen from some types. */
class SeenNames {
  names = new Set();
  #types = new Set();
  #checker;

  constructor(checker) {
    this.#checker = checker;
  }

  /** Adds what can be seen of everything that the module exports, types included. */
  exportsOf(file) {
    const checker = this.#checker;
    for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(file))) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & ts.SymbolFlags.Value) this.#see(checker.getTypeOfSymbol(symbol));
      if (symbol.flags & ts.SymbolFlags.Type) this.#see(checker.getDeclaredTypeOfSymbol(symbol));
    }
  }

  /** Adds what can be seen of an expression's value. */
  typeOf(expression) {
    this.#see(this.#checker.getTypeAtLocation(expression));
  }

  #see(type) {
    if (type === undefined || this.#types.has(type)) return;
    this.#types.add(type);
    const checker = this.#checker;
    const isUnknownYet = (type.flags & ts.TypeFlags.Instantiable) !== 0;
    const isReference = (type.objectFlags & ts.ObjectFlags.Reference) !== 0;
    for (const part of [
      ...(type.types ?? []),
      ...(type.aliasTypeArguments ?? []),
      ...(isReference ? checker.getTypeArguments(type) : []),
      // The widest that it can be.
      ...(isUnknownYet ? [checker.getBaseConstraintOfType(type), type.objectType] : []),
    ]) {
      this.#see(part);
    }
    const declaration = type.symbol?.declarations?.[0];
    // What the platform declares is left out as it is.
    if (isUnknownYet || type.isUnionOrIntersection() || declaration === undefined || !isOurs(declaration)) return;
    for (const property of checker.getPropertiesOfType(type)) {
      if (property.valueDeclaration?.name !== undefined && ts.isPrivateIdentifier(property.valueDeclaration.name))
        continue;
      this.names.add(property.name);
      this.#see(checker.getTypeOfSymbol(property));
    }
    for (const info of checker.getIndexInfosOfType(type)) this.#see(info.type);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      this.#see(signature.getReturnType());
      for (const parameter of signature.getParameters()) this.#see(checker.getTypeOfSymbol(parameter));
      for (const parameter of signature.getTypeParameters() ?? []) this.#see(parameter);
    }
  }
}

/** Calls `found` with each name of a member, as it is declared in a type, class or object literal; globals count, too. */
function forEachProperty(node, found) {
  const isMember = ts.isTypeElement(node) || ts.isClassElement(node) || ts.isObjectLiteralElement(node);
  if ((isMember || ts.isVariableDeclaration(node)) && node.name !== undefined && ts.isIdentifier(node.name)) {
    if (isMember || !isOurs(node)) found(node.name.text);
  }
  ts.forEachChild(node, (child) => forEachProperty(child, found));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(shortNames(process.argv.slice(2)));
}
