import eslintComments from '@eslint-community/eslint-plugin-eslint-comments/configs';
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noDefaultExport = [
  {
    selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
    message: 'Export by name.',
  },
];

const syntax = [
  { selector: 'TSEnumDeclaration', message: 'Use an `as const` object or a union.' },
  {
    selector:
      'PropertyDefinition[accessibility="private"], MethodDefinition[accessibility="private"][kind!="constructor"]',
    message: 'Use #private: it holds at run time and minifies.',
  },
];

/** Which of the other layers each layer may import, and which packages. The same is said in each tsconfig.json. */
const layers = {
  errors: { folders: [], packages: '' },
  protocol: { folders: ['errors'], packages: '' },
  session: { folders: ['errors', 'protocol'], packages: '' },
  runtime: { folders: ['errors', 'protocol', 'session'], packages: '' },
  client: { folders: ['errors', 'protocol', 'session', 'runtime'], packages: 'nanoid' },
  server: { folders: ['errors', 'protocol', 'session', 'runtime'], packages: 'nanoid|ws|node:.+' },
  // Of Node the types only: a test checks what it imports when it is built.
  testing: { folders: ['errors', 'protocol', 'runtime', 'client', 'server'], packages: 'node:.+' },
};

const restrictedImports = ({ folders, packages }) => {
  const forbidden = Object.keys(layers).filter((layer) => !folders.includes(layer));
  return [
    'error',
    {
      patterns: [
        { regex: `^(\\.\\./)+(${forbidden.join('|')})/`, message: 'Imports go down the layers only.' },
        {
          regex: '^(\\.\\./)+(index|server|explain|global|websocket|testing)\\.ts$',
          message: 'Nothing imports an entry.',
        },
        {
          regex: packages === '' ? '^[^.]' : `^(?!\\.|(${packages})$)`,
          message:
            packages === '' ? 'This layer imports no package.' : `This layer imports no package but ${packages}.`,
        },
      ],
    },
  ];
};

export default defineConfig(
  { ignores: ['dist/', 'demo/dist/', '.tsbuild/', 'docs/api/', 'coverage/', 'node_modules/'] },
  eslint.configs.recommended,
  eslintComments.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@eslint-community/eslint-comments/require-description': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.{ts,mts}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A `default` does not stand for the members of a union that nobody thought of.
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      'no-restricted-syntax': ['error', ...syntax, ...noDefaultExport],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }] },
  },
  {
    files: ['test/**/*.{ts,mjs}'],
    rules: { 'max-lines': ['error', { max: 500, skipBlankLines: false, skipComments: false }] },
  },
  ...Object.entries(layers).map(([layer, allowed]) => ({
    files: [`src/${layer}/**/*.ts`],
    rules: { 'no-restricted-imports': restrictedImports(allowed) },
  })),
  {
    files: ['src/runtime/safe-emitter.ts'],
    rules: { 'no-restricted-imports': restrictedImports({ ...layers.runtime, packages: 'eventemitter3' }) },
  },
  {
    // Time and chance are arguments there: a test must be able to replay everything.
    files: ['src/{errors,protocol,session,runtime}/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'Date', message: 'Take the time as an argument.' }],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take the random source as an argument.' },
      ],
    },
  },
  {
    // The script tag's global is the default export; Vite and vitest want one in their configuration.
    files: ['src/global.ts', 'vitest.config.mts', 'examples/vite-typescript/vite.config.ts'],
    rules: { 'no-restricted-syntax': ['error', ...syntax] },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      // Scripts and test helpers run on Node: its names are those of the Node that lints.
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
);
