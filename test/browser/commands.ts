import type { BrowserCommand } from 'vitest/node';

/**
 * What a test in the browser can ask of Node, by `import { commands } from 'vitest/browser'`: mostly to start a server
 * of its own and to stop it. Arguments and results travel as JSON.
 */
export const commands: Record<string, BrowserCommand<never[]>> = {};
