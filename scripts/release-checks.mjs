// What must hold before a release, as functions of what they look at; scripts/release.mjs goes through them.

/**
 * @param {{ version: string, lockVersion: string | undefined, changelog: string, tags: readonly string[] }} facts
 * @returns {string[]} what is wrong
 */
export function versionProblems({ version, lockVersion, changelog, tags }) {
  const [, changed = 'none', date = ''] = /^## (\S+)(?: – (.*))?$/m.exec(changelog) ?? [];
  return [
    changed !== version && `CHANGELOG.md begins with ${changed}, and package.json has ${version}.`,
    !/^\d{4}-\d\d-\d\d$/.test(date) && `CHANGELOG.md has no date for ${changed}: "## ${version} – YYYY-MM-DD".`,
    lockVersion !== version && `package-lock.json has ${lockVersion ?? 'no version'}: run npm install.`,
    tags.includes(`v${version}`) && `v${version} is a tag already: raise the version (docs/versioning.md).`,
  ].filter((problem) => problem !== false);
}

/**
 * @param {{ path: string, size: number }[]} files - of the tarball
 * @param {{ exports: Record<string, string | { types: string, default: string }>, unpkg: string, jsdelivr: string }} manifest
 * @returns {string[]} what is wrong
 */
export function packProblems(files, manifest) {
  const paths = new Set(files.map(({ path }) => path));
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  );
  const needed = [...targets, manifest.unpkg, manifest.jsdelivr, `${manifest.unpkg}.map`]
    .map((path) => path.replace('./', ''))
    .concat('README.md', 'LICENSE', 'CHANGELOG.md', 'PROTOCOL.md');
  const known = /^(dist\/.+\.(js|js\.map|d\.ts)|README\.md|LICENSE|CHANGELOG\.md|PROTOCOL\.md|package\.json)$/;
  return [
    ...needed.filter((path) => !paths.has(path)).map((path) => `The tarball has no ${path}.`),
    ...[...paths].filter((path) => !known.test(path)).map((path) => `The tarball has ${path}, and should not.`),
    ...files.filter(({ size }) => size === 0).map(({ path }) => `${path} is empty.`),
  ];
}
