import { Socket } from 'node:net';

import type { CloseStatus } from './close-frame.ts';
import { Closing } from './closing.ts';
import { type CutKind, type Direction, DIRECTIONS, type Leg, otherLegThan, senderOf } from './direction.ts';
import type { LogKind } from './fault-log.ts';
import { type HttpHead, isSwitchingProtocols, readHttpHead, withoutHeader } from './http-head.ts';
import type { MessageSoFar } from './message-meter.ts';
import { Pipe, type PipeCounters, type RuleHit } from './pipe.ts';
import type { CloseAtMessage, CloseManner, CloseRewrite, FaultSet, MessageLimit, Shape } from './rules.ts';
import { cutSocket, drainSocket, socketClosed } from './socket-ending.ts';
import { describeAnswer, encodeBadAccept, encodeHttpAnswer, type UpgradeAnswer } from './upgrade-answer.ts';

/** The close code of a message that is too big. */
const TOO_BIG_CODE = 1009;
/** The code that stands for the lack of any Close frame. */
const NO_CLOSE_CODE = 1006;

/** What a connection gets from its proxy. */
export interface ConnectionInit {
  readonly index: number;
  readonly client: Socket;
  readonly request: HttpHead;
  readonly faults: FaultSet;
  readonly lingerMs: number;
  readonly log: (what: LogKind, detail?: string) => void;
}

/** Where a connection is passed on to. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly keepExtensions: boolean;
}

/** One WebSocket connection through the proxy, and the faults that can be done to it. */
export class ProxiedConnection {
  readonly index: number;
  /** Resolves when both TCP connections are gone. */
  readonly closed: Promise<void>;
  readonly #init: ConnectionInit;
  readonly #sockets: Readonly<Record<Leg, Socket>>;
  readonly #pipes: Readonly<Record<Direction, Pipe>>;
  readonly #limits = new Map<Direction, MessageLimit>();
  readonly #rewrites: CloseRewrite[];
  #closeAt: CloseAtMessage[] = [];
  #closing: Closing | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #isOpen = false;
  #isCut = false;
  #isClosed = false;

  constructor(init: ConnectionInit) {
    this.#init = init;
    this.index = init.index;
    const server = new Socket({ allowHalfOpen: true });
    server.setNoDelay(true);
    server.on('error', () => undefined);
    this.#sockets = { client: init.client, server };
    this.#pipes = { toServer: this.#createPipe('toServer'), toClient: this.#createPipe('toClient') };
    this.#rewrites = [...init.faults.closeRewrites];
    for (const limit of init.faults.limits) this.#limits.set(limit.direction, limit);
    if (init.faults.shape !== undefined) this.shape(init.faults.shape);
    this.closed = this.#watchEnd();
  }

  /** Path and query of the request. */
  get path(): string {
    return /^\S+ (\S+)/.exec(this.#init.request.bytes.toString('latin1'))?.[1] ?? '';
  }

  /** True once the server's 101 was passed on. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True when both TCP connections are gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What passed so far in each direction, the handshake not counted. */
  get counters(): Readonly<Record<Direction, PipeCounters>> {
    return { toServer: this.#pipes.toServer.counters, toClient: this.#pipes.toClient.counters };
  }

  /** Limits the size of messages in one direction, from the next frame on. */
  limitMessages(limit: MessageLimit): void {
    this.#limits.set(limit.direction, limit);
  }

  /** Lifts the limit. */
  unlimitMessages(direction: Direction): void {
    this.#limits.delete(direction);
  }

  /** Ends the connection at the n-th message. */
  closeAtMessage(rule: CloseAtMessage): void {
    this.#closeAt.push(rule);
  }

  /** Changes Close frames that pass. The rule that was added last is tried first. */
  rewriteClose(rule: CloseRewrite): void {
    this.#rewrites.unshift(rule);
  }

  /** Slows one direction, or both. */
  shape(shape: Shape, direction?: Direction): void {
    for (const pipe of this.#select(direction)) pipe.outlet.shape(shape);
    this.#init.log('shaped', `${direction ?? 'both ways'}: ${JSON.stringify(shape)}`);
  }

  /** Hands on `bytes` at a time, one helping in `everyMs`. */
  trickle(direction: Direction, bytes: number, everyMs: number): void {
    this.shape({ trickle: { bytes, everyMs } }, direction);
  }

  /** Stops reading in a direction, so that its sender's buffers fill. */
  stall(direction: Direction): void {
    this.#init.log('stalled', direction);
    this.#pipes[direction].stall();
  }

  /** Ends a stall. */
  resume(direction: Direction): void {
    this.#init.log('resumed', direction);
    this.#pipes[direction].resume();
  }

  /** Goes on reading in a direction (or both) and throws everything away; nobody is told, not even of an end. */
  halfOpen(direction?: Direction): void {
    this.#init.log('half-open', direction ?? 'both ways');
    for (const pipe of this.#select(direction)) pipe.mute();
  }

  /** Runs something when exactly so many more bytes were handed on in a direction, before the next one is. */
  afterBytes(direction: Direction, bytes: number, run: () => void): void {
    this.#pipes[direction].outlet.afterBytes(bytes, run);
  }

  /** Cuts both legs when exactly so many more bytes were handed on in a direction. */
  cutAfterBytes(direction: Direction, bytes: number, how: CutKind): void {
    this.afterBytes(direction, bytes, () => {
      this.#cutLegs(how, how, true);
    });
  }

  /** Cuts both TCP connections, or one of them; then the other end is not told, and what it sends vanishes. */
  cut(how: CutKind, leg?: Leg): void {
    this.#cutLegs(leg === 'server' ? undefined : how, leg === 'client' ? undefined : how);
  }

  /**
   * Sends a Close frame to one end (the client), at the next frame boundary, and cuts the other. Where the handshake is
   * still under way, the client gets a 502 instead.
   */
  closeWith(code: number, reason = '', manner: CloseManner & { readonly told?: Leg } = {}): void {
    if (this.#isOpen) this.#close(manner.told ?? 'client', { code, reason }, manner);
    else this.#refuse(502, 'closed during the handshake');
  }

  /** Destroys both sockets. */
  destroy(): void {
    this.#sockets.client.destroy();
    this.#sockets.server.destroy();
  }

  /** Answers the handshake, or passes it on. Called once, by the proxy. */
  begin(answer: UpgradeAnswer, upstream: Upstream): void {
    if (this.#isCut) return;
    if ('pass' in answer || 'truncate' in answer) {
      void this.#connect(upstream, 'truncate' in answer ? answer.truncate : undefined);
      return;
    }
    const { client } = this.#sockets;
    this.#init.log('hang' in answer ? 'upgrade-hung' : 'upgrade-answered', describeAnswer(answer));
    if ('cut' in answer) {
      cutSocket(client, answer.cut);
      return;
    }
    drainSocket(client);
    client.on('end', () => client.end());
    if ('status' in answer) client.end(encodeHttpAnswer(answer.status, answer.headers, answer.body));
    if ('garbage' in answer) client.end(answer.garbage);
    if ('badAccept' in answer) client.write(encodeBadAccept());
  }

  async #connect(upstream: Upstream, truncateBytes: number | undefined): Promise<void> {
    const { client, server } = this.#sockets;
    const request = this.#init.request.bytes;
    server.connect({ host: upstream.host, port: upstream.port });
    const head = upstream.keepExtensions ? request : withoutHeader(request, 'sec-websocket-extensions');
    this.#pipes.toServer.outlet.write(head, false);
    this.#pipes.toServer.start(false);
    const response = await readHttpHead(server);
    if (this.#isCut || client.destroyed) return;
    if (response === undefined) {
      this.#init.log('upstream-failed', `no answer from ${upstream.host}:${upstream.port}`);
      this.#refuse(502, 'the server did not answer');
      return;
    }
    if (truncateBytes !== undefined) {
      this.#init.log('upgrade-answered', describeAnswer({ truncate: truncateBytes }));
      this.#pipes.toClient.outlet.write(response.bytes.subarray(0, truncateBytes), false);
      this.#cutLegs('fin', 'fin');
      return;
    }
    this.#isOpen = isSwitchingProtocols(response);
    this.#pipes.toClient.outlet.write(response.bytes, false);
    this.#pipes.toClient.start(!this.#isOpen);
    if (this.#isOpen) this.#init.log('open', this.path);
    else this.#init.log('upgrade-answered', `by the server: ${response.bytes.toString('latin1', 0, 12)}`);
  }

  #refuse(status: number, detail: string): void {
    const { client, server } = this.#sockets;
    this.#init.log('upgrade-answered', `HTTP ${status}: ${detail}`);
    this.#isCut = true;
    for (const pipe of this.#select(undefined)) pipe.mute();
    server.destroy();
    client.end(encodeHttpAnswer(status));
    drainSocket(client);
  }

  #createPipe(direction: Direction): Pipe {
    const sender = senderOf(direction);
    return new Pipe(direction, this.#sockets[sender], this.#sockets[otherLegThan(sender)], {
      onFrame: (message) => this.#judgeFrame(direction, message),
      onMessageEnd: (message) => this.#findCloseAt(direction, message, 'after'),
      onClose: (status) => this.#judgeClose(direction, status),
      onCloseReply: (status) => {
        this.#init.log('close-seen', `${status.code} from the ${sender}, not passed on`);
        this.#closing?.handleReply(sender);
      },
      onSenderEnd: () => {
        this.#closing?.handleReply(sender);
      },
    });
  }

  #judgeFrame(direction: Direction, message: MessageSoFar): RuleHit | undefined {
    const limit = this.#limits.get(direction);
    if (limit !== undefined && message.bytes > limit.maxBytes) return this.#applyLimit(limit, message);
    if (!message.isFirstFrame) return undefined;
    const run = this.#findCloseAt(direction, message.message, 'before');
    return run === undefined ? undefined : { kind: 'stop', run };
  }

  #applyLimit(limit: MessageLimit, message: MessageSoFar): RuleHit {
    const { direction, how } = limit;
    const sender = senderOf(direction);
    this.#init.log(
      'over-limit',
      `${direction}: message ${message.message} of at least ${message.bytes} bytes, limit ${limit.maxBytes}: ${how}`,
    );
    switch (how) {
      case 'close-1009':
      case 'close': {
        const code = how === 'close' ? (limit.code ?? TOO_BIG_CODE) : TOO_BIG_CODE;
        return this.#stop(() => {
          this.#close(sender, { code, reason: limit.reason ?? '' }, limit);
        });
      }
      case 'drop': {
        const other = limit.otherLeg === 'rst' ? 'rst' : 'fin';
        const own = limit.cut ?? 'rst';
        return this.#stop(() => {
          if (sender === 'client') this.#cutLegs(own, other);
          else this.#cutLegs(other, own);
        });
      }
      case 'swallow':
        this.#init.log('swallowed', `${direction}: message ${message.message}`);
        return {
          kind: 'swallow',
          run: () => {
            this.halfOpen(direction);
          },
        };
      case 'half-open':
        return this.#stop(() => {
          this.halfOpen(direction);
        });
      case 'stall':
        return this.#stop(() => {
          this.stall(direction);
        });
    }
  }

  #stop(run: () => void): RuleHit {
    return { kind: 'stop', run };
  }

  #findCloseAt(direction: Direction, message: number, when: 'before' | 'after'): (() => void) | undefined {
    const rule = this.#closeAt.find(
      (each) => each.direction === direction && each.message === message && (each.when ?? 'before') === when,
    );
    if (rule === undefined) return undefined;
    return () => {
      this.#close(rule.told ?? 'client', { code: rule.code, reason: rule.reason ?? '' }, rule);
    };
  }

  #judgeClose(direction: Direction, status: CloseStatus): CloseStatus | RuleHit {
    this.#init.log('close-seen', `${status.code} from the ${senderOf(direction)}`);
    const rule = this.#rewrites.find(
      (each) => (each.direction ?? 'toClient') === direction && (each.from === 'any' || each.from === status.code),
    );
    if (rule === undefined) return status;
    this.#init.log('close-rewritten', `${direction}: ${status.code} became ${rule.to}`);
    if (rule.to !== NO_CLOSE_CODE) return { code: rule.to, reason: rule.reason ?? status.reason };
    return this.#stop(() => {
      const how = rule.cut ?? 'rst';
      this.#cutLegs(direction === 'toClient' ? how : 'fin', direction === 'toServer' ? how : 'fin');
    });
  }

  #close(told: Leg, status: CloseStatus, manner: CloseManner): void {
    if (this.#closing !== undefined || this.#isCut) return;
    const { lingerMs, log } = this.#init;
    this.#closing = new Closing({ sockets: this.#sockets, pipes: this.#pipes, lingerMs, log }, told, status, manner);
    this.#closing.start();
  }

  #cutLegs(client: CutKind | undefined, server: CutKind | undefined, isFlushedFirst = false): void {
    this.#isCut = true;
    this.#init.log('cut', `client ${client ?? 'left'}, server ${server ?? 'left'}`);
    for (const direction of DIRECTIONS) this.#pipes[direction].mute();
    if (client !== undefined) cutSocket(this.#sockets.client, client, isFlushedFirst);
    if (server !== undefined) cutSocket(this.#sockets.server, server, isFlushedFirst);
    this.#lingerTimer ??= setTimeout(() => {
      if (client !== undefined) this.#sockets.client.destroy();
      if (server !== undefined) this.#sockets.server.destroy();
    }, this.#init.lingerMs);
  }

  #select(direction: Direction | undefined): Pipe[] {
    return direction === undefined ? [this.#pipes.toServer, this.#pipes.toClient] : [this.#pipes[direction]];
  }

  async #watchEnd(): Promise<void> {
    const { client, server } = this.#sockets;
    client.once('close', () => {
      if (!this.#isOpen) server.destroy();
    });
    await Promise.all([socketClosed(client), socketClosed(server)]);
    clearTimeout(this.#lingerTimer);
    this.#closing?.dispose();
    this.#isClosed = true;
    this.#init.log('closed');
  }
}
