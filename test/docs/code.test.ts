import { dirname, basename } from 'node:path';
import puppeteer from 'puppeteer-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { chromiumArgs, findChromium } from '../support/find-browser.mjs';
import { bundleExamples, compileExamples, writeExamples } from './examples/build.ts';
import { collectExamples } from './examples/collect.ts';
import type { Place } from './examples/collect.ts';
import { startPageServer } from './examples/page-server.ts';
import { runInNode } from './examples/run-in-node.ts';
import { readPages } from './markdown.ts';

const TIMEOUT_MS = 60_000;

// The pages of examples/ name files there, which have tests of their own; the reports of the API are declarations.
const pages = readPages().filter(({ path }) => !/^(examples|docs\/api-report)\//.test(path));
const written = writeExamples(pages.flatMap(collectExamples));
const at = (place: Place): typeof written => written.filter(({ example }) => example.place === place);
const named = (each: typeof written): [string, string][] => each.map(({ example, file }) => [example.name, file]);

describe('the code in the documents', () => {
  let diagnostics: Map<string, string[]>;
  beforeAll(() => {
    diagnostics = compileExamples(written.map(({ file }) => file));
  }, TIMEOUT_MS);

  it.each(named(written))('%s compiles', (_, file) => {
    expect(diagnostics.get(file)).toEqual([]);
  });

  it('runs for the most part', () => {
    expect(at('compiled').length).toBeLessThan(written.length / 3);
  });
});

describe('in Node', () => {
  let bundles: Map<string, string>;
  beforeAll(async () => {
    bundles = await bundleExamples('node', at('node'));
  }, TIMEOUT_MS);

  it.for(named(at('node')))('%s runs', async ([, file], { signal }) => {
    expect(await runInNode(bundles.get(file) ?? '', signal)).toBe('');
  });
});

describe('in a page', () => {
  it(
    'each runs to its end, in Chromium',
    async () => {
      const examples = at('page');
      const bundles = await bundleExamples('page', examples);
      const paths = examples.map(({ file }) => bundles.get(file) ?? '');
      const server = await startPageServer(dirname(paths[0] ?? ''));
      onTestFinished(() => server.close());
      const browser = await puppeteer.launch({ executablePath: findChromium() ?? 'chromium', args: chromiumArgs });
      onTestFinished(() => browser.close());
      const problems: string[] = [];
      for (const [index, path] of paths.entries()) {
        const page = await browser.newPage();
        await page.goto(server.url);
        page.on('pageerror', (error) => problems.push(`${examples[index]?.example.name ?? ''}: ${String(error)}`));
        try {
          await page.evaluate(`import('/${basename(path)}')`);
        } catch (error) {
          problems.push(`${examples[index]?.example.name ?? ''}: ${String(error)}`);
        }
        await page.close();
      }
      expect(problems).toEqual([]);
      expect(paths.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
