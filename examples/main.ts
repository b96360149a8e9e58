import type { Example } from './shared/example.ts';

const USAGE = 'Usage: npm run example -- graphql-ws | y-websocket';

const examples: Readonly<Record<string, () => Promise<{ start: () => Promise<Example> }>>> = {
  'graphql-ws': () => import('./graphql-ws/server.ts'),
  'y-websocket': () => import('./y-websocket/server.ts'),
};

process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...rest]: readonly string[]): Promise<number> {
  const load = examples[name];
  if (load === undefined || rest.length > 0) {
    console.error(USAGE);
    return 1;
  }
  const { start } = await load();
  const example = await start();
  console.log(`Open http://127.0.0.1:${example.port}/ in a browser. Ctrl-C ends it.`);
  await interruption();
  await example.close();
  return 0;
}

/** Resolves with the first Ctrl-C; a second one ends the process at once. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        resolve();
      });
    }
  });
}
