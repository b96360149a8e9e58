import { ChunkSocket } from '../../src/index.ts';
import type { ChunkSocketEvents, Status, Transfer } from '../../src/index.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ScriptedServer } from './scripted-server.ts';
import type { ScriptedSocket } from './scripted-server.ts';

/** Where each status may lead; every other change is a fault. */
export const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  connecting: ['open', 'closing', 'closed'],
  open: ['reconnecting', 'closing', 'closed'],
  reconnecting: ['open', 'closing', 'closed'],
  closing: ['closed'],
  closed: [],
};

/** In which status each event may come. */
const STATUS_OF_EVENT: Readonly<Partial<Record<keyof ChunkSocketEvents, readonly Status[]>>> = {
  open: ['open'],
  retry: ['connecting', 'reconnecting', 'closing'],
  resume: ['open', 'closing'],
  lost: ['connecting', 'open', 'reconnecting'],
  close: ['closed'],
};

const EVENTS = ['open', 'status', 'retry', 'resume', 'lost', 'message', 'limit', 'drain', 'error', 'close'] as const;

/** How far the present connection has come, as the server knows it. */
export type Stage = 'none' | 'connecting' | 'greeting' | 'up';

/** Forgets what it had of a session when another one begins. */
class OneSessionServer extends ScriptedServer {
  #session: unknown;

  override took(socket: ScriptedSocket, bytes: Uint8Array): void {
    const packet = decodePacket(bytes);
    if (typeof packet === 'object' && packet.kind === 'hello') {
      const { session } = socket.hello;
      if (session !== this.#session) this.received = this.sent = 0;
      this.#session = session;
    }
    super.took(socket, bytes);
  }
}

/** The page around a socket. */
export class FakePage extends EventTarget {
  readonly document: EventTarget & { hidden: boolean } = Object.assign(new EventTarget(), { hidden: false });
  readonly navigator = { onLine: true };

  /** How often somebody listens to it. */
  listenerCount = 0;

  readonly listen = (type: string, listener: EventListener, options: { signal: AbortSignal }): void => {
    this.listenerCount++;
    options.signal.addEventListener('abort', () => {
      this.listenerCount--;
    });
    this.addEventListener(type, listener, options);
  };

  tell(type: string, more: object = {}): boolean {
    return this.dispatchEvent(Object.assign(new Event(type), more));
  }

  connect(isOnline: boolean): boolean {
    this.navigator.onLine = isOnline;
    return this.tell(isOnline ? 'online' : 'offline');
  }

  show(isShown: boolean): boolean {
    this.document.hidden = !isShown;
    return this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

/** A client, its scripted server, its clock and its page, and a record of all that it told. */
export class MachineWorld {
  readonly server = new OneSessionServer();
  readonly clock = new ManualClock();
  readonly socket: ChunkSocket;
  readonly transfers: Transfer[] = [];
  /** What did not hold, in words. */
  readonly faults: string[] = [];
  /** Names of all events, in order. */
  readonly events: string[] = [];
  readonly over: Promise<void>;
  isUrlBroken = false;
  #status: Status = 'connecting';
  #stages = new Map<ScriptedSocket, Stage>();
  #settledCount = 0;

  constructor(random: () => number) {
    this.socket = new ChunkSocket(
      () => {
        if (this.isUrlBroken) throw new Error('There is no token.');
        return 'ws://scripted.test/live';
      },
      { WebSocket: this.server.WebSocket, clock: this.clock, random, rememberLimits: 'none' },
    );
    for (const name of EVENTS) {
      this.socket.on(name, (event) => {
        this.#note(name, event);
      });
    }
    this.over = new Promise((resolve) => {
      this.socket.once('close', () => {
        resolve();
      });
    });
  }

  get settledCount(): number {
    return this.#settledCount;
  }

  /** The connection that the client has or wants now. */
  get connection(): ScriptedSocket | undefined {
    const last = this.server.sockets.at(-1);
    return last === undefined || this.stageOf(last) === 'none' ? undefined : last;
  }

  get stage(): Stage {
    const last = this.server.sockets.at(-1);
    return last === undefined ? 'none' : this.stageOf(last);
  }

  stageOf(socket: ScriptedSocket): Stage {
    return socket.closedWith === undefined ? (this.#stages.get(socket) ?? 'connecting') : 'none';
  }

  setStage(socket: ScriptedSocket, stage: Stage): void {
    this.#stages.set(socket, stage);
  }

  send(data: string | Uint8Array, channel: string): void {
    const transfer = this.socket.send(data, { channel });
    this.transfers.push(transfer);
    const settled = (): void => {
      this.#settledCount++;
    };
    transfer.delivered.then(settled, settled);
  }

  /** Lets all that waits for nothing happen, and looks whether all holds. */
  async settle(): Promise<void> {
    await settle();
    const { status } = this.socket;
    if (status !== this.#status) this.faults.push(`it is ${status}, and ${this.#status} was told`);
    if (status === 'closed') this.#checkEnd();
    else if (this.server.sockets.filter((socket) => this.stageOf(socket) !== 'none').length > 1) {
      this.faults.push('there are two connections at a time');
    }
  }

  #checkEnd(): void {
    const { delaysMs } = this.clock;
    if (delaysMs.length > 0) this.faults.push(`timers are left: ${delaysMs.join()}`);
    const left = this.server.sockets.filter((socket) => this.stageOf(socket) !== 'none');
    if (left.length > 0) this.faults.push(`${left.length} connections are left open`);
    if (this.events.at(-1) !== 'close') this.faults.push(`the last event is ${this.events.at(-1) ?? 'none'}`);
    if (this.#settledCount !== this.transfers.length) this.faults.push('a transfer is not settled at the end');
    if (this.socket.bufferedAmount !== 0) this.faults.push('something is buffered at the end');
  }

  #note(name: (typeof EVENTS)[number], event: unknown): void {
    const { status } = this.socket;
    if (this.events.includes('close')) this.faults.push(`${name} comes after close`);
    if (name === 'open' && this.events.includes('open')) this.faults.push('open comes twice');
    this.events.push(name);
    const allowed = STATUS_OF_EVENT[name];
    if (allowed?.includes(status) === false) this.faults.push(`${name} comes in status ${status}`);
    if (name !== 'status') return;
    const change = event as ChunkSocketEvents['status'];
    if (change.previous !== this.#status) this.faults.push(`${change.previous} was ${this.#status}`);
    if (!TRANSITIONS[change.previous].includes(change.status)) {
      this.faults.push(`${change.previous} becomes ${change.status}`);
    }
    this.#status = change.status;
  }
}
