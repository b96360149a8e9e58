import type { Example } from './shared/example.ts';

const examples: Readonly<Record<string, () => Promise<{ start: () => Promise<Example> }>>> = {
  'file-upload': () => import('./file-upload/server.ts'),
  'graphql-ws': () => import('./graphql-ws/server.ts'),
  'react-hook': () => import('./react-hook/server.ts'),
  'script-tag': () => import('./script-tag/server.ts'),
  'vite-typescript': () => import('./vite-typescript/server.ts'),
  'web-worker': () => import('./web-worker/server.ts'),
  'y-websocket': () => import('./y-websocket/server.ts'),
};

process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...rest]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(examples, name) ? examples[name] : undefined;
  if (load === undefined || rest.length > 0) {
    console.error(`Usage: npm run example -- ${Object.keys(examples).join(' | ')}`);
    return 1;
  }
  const { start } = await load();
  const example = await start();
  console.log(`Open http://127.0.0.1:${example.port}/ in a browser. Ctrl-C ends it.`);
  if (example.note !== undefined) console.log(example.note);
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
