import { Tools } from './tools.ts';

/** A class with the interface of WebSocket. */
export type SocketClass = typeof WebSocket;

/** `native` is the browser's own; `plain` ours with any server; `session` ours with a server of ours. */
export type ClassName = 'native' | 'plain' | 'session';
export const CLASS_NAMES: readonly ClassName[] = ['native', 'plain', 'session'];

/** One test. It holds for the browser's own class as for ours. */
export interface Definition {
  readonly name: string;
  readonly body: (t: Tools) => void | Promise<void>;
  /** Why it is no test of a session, where it is none. */
  readonly notInSession: string | undefined;
}

/** How a test ended: `problem` is empty when it passed. */
export interface Result {
  readonly name: string;
  readonly problem: string;
  readonly ms: number;
}

const DEADLINE_MS = 20_000;

const definitions: Definition[] = [];

/** Adds a test to the suite. */
export function define(name: string, body: Definition['body'], options: { readonly notInSession?: string } = {}): void {
  definitions.push({ name, body, notInSession: options.notInSession });
}

/** The tests for a class, in the order in which they were defined. */
export function testsOf(className: ClassName): readonly Definition[] {
  return definitions.filter(({ notInSession }) => className !== 'session' || notInSession === undefined);
}

/** Runs them one after the other. */
export async function runTests(className: ClassName, socketClass: SocketClass): Promise<readonly Result[]> {
  const only = new URLSearchParams(location.search).get('only');
  const results: Result[] = [];
  for (const { name, body } of testsOf(className)) {
    if (only !== null && !name.includes(only)) continue;
    const from = performance.now();
    const problem = await runTest(new Tools(socketClass), body);
    results.push({ name, problem, ms: Math.round(performance.now() - from) });
  }
  return results;
}

async function runTest(tools: Tools, body: Definition['body']): Promise<string> {
  const problems: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${DEADLINE_MS} ms: ${tools.doing}`));
    }, DEADLINE_MS);
  });
  try {
    await Promise.race([body(tools), deadline]);
  } catch (error) {
    problems.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  } finally {
    clearTimeout(timer);
    await tools.end();
  }
  return [...problems, ...tools.errors.map((error) => `reported: ${String(error)}`)].join('\n');
}
