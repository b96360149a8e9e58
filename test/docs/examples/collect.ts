import type { Page } from '../markdown.ts';

/**
 * How an example is checked. All are compiled; `node` and `page` run as well, and `compiled` says why it does not.
 *
 * A comment before the block names it, `<!-- example: node`, and may go on with lines of code that nobody needs to see.
 * `<!-- example: more` joins the block to the one before it: they are one module. A comment behind the block, `<!-- then:`,
 * is code as well, and looks at what came of it. Where they would be in the way, both stand at the end of the page and
 * name the block by its number among the examples: `<!-- example 1: node`, `<!-- then 1:`.
 */
export type Place = 'node' | 'page' | 'compiled';

/** One module, made of one or several blocks of a page. */
export interface Example {
  /** Where it begins: `README.md:21`. */
  readonly name: string;
  readonly place: Place;
  readonly isTypeScript: boolean;
  readonly code: string;
}

const LANGUAGES: Readonly<Record<string, boolean>> = { ts: true, js: false };
const MARKER = /^example: (?:(node|page|more)|compiled, (\S[^\n]*\S))(?:\n([\s\S]*))?$/;

/** The examples of a page. */
export function collectExamples({ path, text, blocks }: Page): Example[] {
  const examples: Example[] = [];
  const own = blocks.filter(({ language }) => language in LANGUAGES);
  for (const [index, { language, code: shown, line, before = '', after = '' }] of own.entries()) {
    const isTypeScript = LANGUAGES[language] === true;
    const name = `${path}:${String(line)}`;
    const number = String(index + 1);
    const marker = MARKER.exec(before) ?? MARKER.exec(`example:${comment(text, `example ${number}:`)}`);
    const [, place, reason, setup = ''] = marker ?? [];
    const checks = after.startsWith('then:') ? after.slice('then:'.length) : comment(text, `then ${number}:`);
    const code = [setup, shown, checks].join('\n');
    if (place === 'more') {
      const last = examples.pop();
      if (last === undefined) throw new Error(`${name} is to be joined to an example, and there is none before it.`);
      examples.push({ ...last, code: `${last.code}\n${code}` });
    } else if (place === 'node' || place === 'page') {
      examples.push({ name, place, isTypeScript, code });
    } else if (reason !== undefined) {
      examples.push({ name, place: 'compiled', isTypeScript, code });
    } else {
      throw new Error(`${name} does not say how it is checked: it needs a comment before it, <!-- example: node -->.`);
    }
  }
  return examples;
}

/** What follows `start` in the comment that begins with it. */
function comment(text: string, start: string): string {
  const from = text.indexOf(`<!-- ${start}`);
  return from < 0 ? '' : text.slice(from + `<!-- ${start}`.length, text.indexOf('-->', from)).trimEnd();
}
