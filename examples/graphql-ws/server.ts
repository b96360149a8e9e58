import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkWebSocketServer } from 'chunksocket/server';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';

const COUNTER_MS = 20;

const schema = buildSchema(`
  type Query {
    upperCase(text: String!): String!
  }

  type Subscription {
    counter: Int!
  }
`);

const roots = {
  query: { upperCase: ({ text }: { text: string }) => text.toUpperCase() },
  subscription: { counter: count },
};

/** Every subscription counts from 1. */
async function* count(): AsyncGenerator<{ counter: number }> {
  for (let counter = 1; ; counter++) {
    yield { counter };
    await sleep(COUNTER_MS);
  }
}

/** Serves the page, and GraphQL to it, on any free port. */
export async function start(): Promise<Example> {
  const http = await createPageServer(new URL('.', import.meta.url));
  const wss = new WebSocketServer({ server: http, path: '/graphql', maxPayload: 32 * 1024 });
  const server = new ChunkWebSocketServer(wss, { maxMessageBytes: 16 * 1024 * 1024, pongWhileWaiting: true });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it has all that is used of the other
  const graphql = useServer({ schema, roots }, server);
  return {
    port: await listen(http),
    async close() {
      await graphql.dispose();
      server.close();
      await close(http);
    },
  };
}
