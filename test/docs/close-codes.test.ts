import { expect, it } from 'vitest';
import { closeCodesPage } from '../../scripts/docs-close-codes.mjs';
import { readPage } from './markdown.ts';

it('docs/close-codes.md is what npm run docs:close-codes writes', async () => {
  expect(readPage('docs/close-codes.md').text).toBe(await closeCodesPage());
});
