import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const document = readFileSync(new URL('../../docs/threat-model.md', import.meta.url), 'utf8');
const rows = document.split('\n').filter((line) => line.startsWith('| ') && !/^\| (threat|-+) /.test(line));

describe('docs/threat-model.md', () => {
  test.each(rows.map((row) => row.split(' | ') as [string, string, string]))(
    '%s has a test that is there',
    (...cells) => {
      const [, , shown] = cells;
      const files = [...shown.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, path = '']) => path);
      expect(files).not.toEqual([]);
      expect(files.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
    },
  );
});
