import { expect, it } from 'vitest';
import { closeCodesPage } from '../../scripts/docs-close-codes.mjs';
import { HandshakeError } from '../../src/errors/session-errors.ts';
import { readPage } from './markdown.ts';

it('docs/close-codes.md is what npm run docs:close-codes writes', async () => {
  expect(readPage('docs/close-codes.md').text).toBe(await closeCodesPage());
});

it('an error that a close brought about says where its code is explained, unless it knows better', () => {
  expect(new HandshakeError(1008, 'closed').hint).toBe('See explainClose({ code: 1008 }).');
  expect(new HandshakeError(1002, 'closed', 'another').hint).toBe('another');
});
