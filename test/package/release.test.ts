import { describe, expect, test } from 'vitest';
import { packProblems, versionProblems } from '../../scripts/release-checks.mjs';

describe('a version can be released', () => {
  const facts = {
    version: '1.2.3',
    lockVersion: '1.2.3',
    changelog: '# Changelog\n\n## 1.2.3 – 2026-01-31\n\n- …\n\n## 1.2.2 – 2026-01-01\n',
    tags: ['v1.2.2'],
  };

  test('that is new, dated, and the same everywhere', () => {
    expect(versionProblems(facts)).toEqual([]);
  });

  test.each([
    ['is not in the changelog', { version: '1.3.0', lockVersion: '1.3.0' }, /begins with 1\.2\.3/],
    ['has no date', { changelog: '## 1.2.3 – unreleased' }, /no date for 1\.2\.3/],
    ['is not that of the lock file', { lockVersion: '1.2.2' }, /package-lock\.json has 1\.2\.2/],
    ['was released', { tags: ['v1.2.2', 'v1.2.3'] }, /tag already/],
  ])('not one that %s', (_, changed, problem) => {
    expect(versionProblems({ ...facts, ...changed })).toEqual([expect.stringMatching(problem)]);
  });
});

describe('a tarball can be released', () => {
  const manifest = {
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    unpkg: './dist/all.min.js',
    jsdelivr: './dist/all.min.js',
  };
  const paths = ['index.d.ts', 'index.js', 'index.js.map', 'all.min.js', 'all.min.js.map'].map(
    (path) => `dist/${path}`,
  );
  const files = [...paths, 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'PROTOCOL.md'].map((path) => ({
    path,
    size: 1,
  }));

  test('that has what the manifest names', () => {
    expect(packProblems(files, manifest)).toEqual([]);
  });

  test.each(files.filter(({ path }) => path !== 'dist/index.js.map').map(({ path }) => path))(
    'not without %s',
    (path) => {
      const rest = files.filter((file) => file.path !== path);
      expect(packProblems(rest, manifest)).toContain(`The tarball has no ${path}.`);
    },
  );

  test.each(['src/index.ts', '.env', 'dist/notes.txt'])('not with %s', (path) => {
    expect(packProblems([...files, { path, size: 1 }], manifest)).toEqual([`The tarball has ${path}, and should not.`]);
  });

  test('not with an empty file', () => {
    expect(packProblems([...files, { path: 'dist/a.js', size: 0 }], manifest)).toEqual(['dist/a.js is empty.']);
  });
});
