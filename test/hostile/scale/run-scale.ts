import type { ClientsCommand, ClientsReply, MessageCounts, ServerCommand, ServerReply } from './commands.ts';
import { Worker } from './worker.ts';

/** How much is to be held, sent and cut. */
export interface ScaleOptions {
  readonly connections: number;
  /** So many of them send a message, and lose their connection in the middle of it. */
  readonly transfers: number;
  /** Length of each such message. */
  readonly messageBytes: number;
  /** Processes that the clients are spread over. */
  readonly clientProcesses: number;
}

/** What one connection costs the server while nothing happens on it, in bytes. */
export interface IdleCost {
  /** Heap and buffers that are in use. */
  readonly heldBytes: number;
  /** As the system counts it. */
  readonly residentBytes: number;
}

/** What came of it. */
export interface ScaleResult {
  readonly idleSession: IdleCost;
  readonly opened: number;
  readonly messages: MessageCounts;
  readonly delivered: number;
  readonly failed: number;
  /** Of the bytes of all messages, when the connections were cut. */
  readonly receivedAtCutBytes: number;
  readonly cut: number;
  /** Time from the cut until every message was delivered, in ms. */
  readonly recoveryMs: number;
  readonly echoed: number;
  readonly undisturbed: number;
  readonly sessionsAtEnd: number;
}

type Server = Worker<ServerCommand, ServerReply>;
type Clients = Worker<ClientsCommand, ClientsReply>;

/** Holds that many connections, and cuts many of them in the middle of a transfer. */
export async function runScale(options: ScaleOptions, tell: (line: string) => void): Promise<ScaleResult> {
  const { transfers, messageBytes } = options;
  await using processes = new Processes(options);
  const url = await processes.start();
  const { server, clients } = processes;
  const before = await server.ask({ kind: 'measure' });
  const opened = await openAll(clients, url, options, false);
  const idleSession = costOf(before, await server.ask({ kind: 'measure' }), opened);
  tell(`${opened} sessions are open`);

  const cutting = server.ask({ kind: 'cut', clients: transfers, afterBytes: (transfers * messageBytes) / 2 });
  const sending = askAll(clients, { kind: 'transfer', clients: transfers, bytes: messageBytes });
  const { cut = 0, receivedBytes = 0 } = await cutting;
  const cutAtMs = performance.now();
  const sent = await sending;
  const recoveryMs = performance.now() - cutAtMs;
  tell(`${cut} connections were cut with ${receivedBytes} bytes of their messages there`);

  const echoes = await askAll(clients, { kind: 'echo' });
  const { messages } = await server.ask({ kind: 'count' });
  const { sessions = 0 } = await server.ask({ kind: 'measure' });
  if (messages === undefined) throw new Error('The server did not count.');
  return {
    idleSession,
    opened,
    messages,
    delivered: sum(sent, 'delivered'),
    failed: sum(sent, 'failed'),
    receivedAtCutBytes: receivedBytes,
    cut,
    recoveryMs,
    echoed: sum(echoes, 'echoed'),
    undisturbed: sum(echoes, 'undisturbed'),
    sessionsAtEnd: sessions,
  };
}

/** What as many plain WebSockets cost, for comparison. */
export async function measureBare(options: ScaleOptions, tell: (line: string) => void): Promise<IdleCost> {
  await using processes = new Processes(options);
  const url = await processes.start();
  const { server, clients } = processes;
  const before = await server.ask({ kind: 'measure' });
  const opened = await openAll(clients, url, options, true);
  const cost = costOf(before, await server.ask({ kind: 'measure' }), opened);
  tell(`${opened} bare sockets were open`);
  return cost;
}

/** A server and its clients, each in a process of its own, until they are disposed of. */
class Processes implements AsyncDisposable {
  readonly server: Server = new Worker('./server-main.ts');
  readonly clients: readonly Clients[];

  constructor({ clientProcesses }: ScaleOptions) {
    this.clients = Array.from({ length: clientProcesses }, () => new Worker('./clients-main.ts'));
  }

  /** @returns the URL of the server */
  async start(): Promise<string> {
    const [{ port = 0 }] = await Promise.all([this.server.ready, ...this.clients.map(({ ready }) => ready)]);
    return `ws://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server, ...this.clients].map((worker) => worker[Symbol.asyncDispose]()));
  }
}

/** Clients are dealt out in turn, so that those that send are in every process. */
async function openAll(
  clients: readonly Clients[],
  url: string,
  { connections }: ScaleOptions,
  isBare: boolean,
): Promise<number> {
  const replies = await Promise.all(
    clients.map((worker, index) => {
      const count = Math.ceil((connections - index) / clients.length);
      return worker.ask({ kind: 'open', url, first: index, step: clients.length, count, isBare });
    }),
  );
  return sum(replies, 'open');
}

function askAll(clients: readonly Clients[], command: ClientsCommand): Promise<ClientsReply[]> {
  return Promise.all(clients.map((worker) => worker.ask(command)));
}

function costOf(before: ServerReply, after: ServerReply, count: number): IdleCost {
  const each = (name: 'heldBytes' | 'residentBytes'): number => ((after[name] ?? 0) - (before[name] ?? 0)) / count;
  return { heldBytes: each('heldBytes'), residentBytes: each('residentBytes') };
}

function sum(replies: readonly ClientsReply[], name: keyof ClientsReply): number {
  return replies.reduce((total, reply) => total + (reply[name] ?? 0), 0);
}
