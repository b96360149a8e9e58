import { ChunkWebSocket } from 'chunksocket/websocket';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { element, show, showState } from '../shared/page-elements.ts';
import { runPage } from '../shared/page-run.ts';
import { SocketWatch } from '../shared/page-sockets.ts';

const TEXT_CHARACTERS = 200_000;
const PROGRESS_MS = 40;

runPage(async (stop) => {
  const watch = new SocketWatch();
  const client = createClient({
    url: '/graphql',
    webSocketImpl: ChunkWebSocket,
    lazy: false,
    on: {
      connected: (socket) => {
        watch.add(socket as WebSocket);
        showProgress(socket as WebSocket);
        showState('running');
      },
    },
  });
  const [numbers, queries] = await Promise.all([subscribe(client, stop), ask(client, stop)]);
  return { ...watch.counts(), numbers, ...queries };
});

/** Takes numbers until it is to stop, and one more: that it comes shows that the connection is alive. */
async function subscribe(client: Client, stop: AbortSignal): Promise<number[]> {
  const numbers: number[] = [];
  let faults = 0;
  for await (const { data, errors } of client.iterate<{ counter: number }>({ query: 'subscription { counter }' })) {
    if (!data) throw new Error(JSON.stringify(errors));
    const { counter } = data;
    if (counter !== (numbers.at(-1) ?? 0) + 1) faults++;
    numbers.push(counter);
    show('counter', counter);
    show('gaps', faults);
    if (stop.aborted) break;
  }
  return numbers;
}

/** Asks one question after the other until it is to stop. */
async function ask(
  client: Client,
  stop: AbortSignal,
): Promise<{ queries: number; wrongAnswers: number; question: string; answer: string }> {
  const query = 'query ($text: String!) { upperCase(text: $text) }';
  let wrongAnswers = 0;
  for (let queries = 1; ; queries++) {
    const question = makeText(queries);
    let answer = '';
    for await (const { data, errors } of client.iterate<{ upperCase: string }>({
      query,
      variables: { text: question },
    })) {
      if (!data) throw new Error(JSON.stringify(errors));
      answer = data.upperCase;
    }
    if (answer !== question.toUpperCase()) wrongAnswers++;
    show('queries', queries);
    show('characters', answer.length);
    show('wrong', wrongAnswers);
    show('answer', answer.split('\n', 4).join('\n'));
    if (stop.aborted) return { queries, wrongAnswers, question, answer };
  }
}

/** Shows how much of a question the server has. */
function showProgress(socket: WebSocket): void {
  const progress = element('sent', HTMLProgressElement);
  setInterval(() => {
    progress.value = Math.max(0, 1 - socket.bufferedAmount / TEXT_CHARACTERS);
  }, PROGRESS_MS);
}

/** No two lines of it, and no two of its texts, are the same. */
function makeText(round: number): string {
  let text = '';
  for (let line = 1; text.length < TEXT_CHARACTERS; line++) text += `question ${round}, line ${line}: déjà vu?\n`;
  return text;
}
