import { ClosedError } from '../../../src/errors/session-errors.ts';
import { SessionLostError } from '../../../src/errors/transfer-errors.ts';
import { encodeHello } from '../../../src/protocol/hello.ts';
import { decodePacket } from '../../../src/protocol/packet.ts';
import { decodeWelcome } from '../../../src/protocol/welcome.ts';
import type { Welcome } from '../../../src/protocol/welcome.ts';
import type { Effect } from '../../../src/session/effect.ts';
import { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { PathLimit } from '../../../src/session/link/limit-learner.ts';
import type { Ledger } from './ledger.ts';
import type { LossyPath } from './lossy-path.ts';
import type { Random } from './random.ts';
import { SimNode } from './sim-node.ts';
import type { NodeRules } from './sim-node.ts';
import { SimPort } from './sim-port.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Opens a path to the acceptor, sooner or later; undefined when that fails. */
export type Dial = (opened: (path: LossyPath | undefined) => void) => void;

export interface InitiatorRules extends NodeRules {
  readonly resendsAfterLoss: boolean;
  readonly sendsEarly: boolean;
  /** How often an attempt is given up at once and made anew, so that its HELLO comes late. */
  readonly impatience: number;
  readonly impatientUntilMs: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const GOOD_AFTER_MS = 10_000;

/** The client: opens connections, resumes, comes back, and starts over when its session is lost. */
export class SimInitiator extends SimNode {
  override port: SimPort;
  connectionCount = 0;
  sessionCount = 0;
  isDone = false;
  /** How the last session ended. */
  ending = '';
  readonly #rules: InitiatorRules;
  readonly #dial: Dial;
  #number = 0;
  #path: LossyPath | undefined;
  #attempt = 0;
  #retries = 0;
  #immediateAtMs: number[] = [];
  #upSinceMs = Infinity;
  #ackedAtStart = 0;
  #held: OutgoingMessage[] | undefined;
  #acceptorLimit: PathLimit | undefined;
  #ownLimit: PathLimit | undefined;
  #hasSentHello = false;

  constructor(clock: VirtualClock, ledger: Ledger, random: Random, rules: InitiatorRules, dial: Dial) {
    super(clock, ledger, random, rules, 'up');
    this.#rules = rules;
    this.#dial = dial;
    this.port = this.#newPort();
  }

  connect(): void {
    if (this.isDone) return;
    const attempt = ++this.#attempt;
    this.connectionCount++;
    this.#dial((path) => {
      if (attempt !== this.#attempt || this.isDone) path?.close('up', 1000);
      else if (path === undefined) this.#lost(undefined, 1006);
      else this.#opened(path, attempt);
    });
  }

  close(drainMs: number): void {
    if (this.isClosing) return;
    this.isClosing = true;
    // What waits for a next session has none to go to.
    this.failAll(this.#held ?? [], new ClosedError(1000, 'bye'));
    this.#held = undefined;
    this.port.session.close(1000, 'bye', drainMs, this.clock.nowMs);
    this.port.flush();
  }

  /** The application leaves without a word. */
  handle(effect: Effect, port: SimPort): void {
    if (port !== this.port) return;
    switch (effect.kind) {
      case 'violation':
        this.ledger.faults.push(`initiator saw a violation: ${effect.name}`);
        break;
      case 'limit-too-small':
        this.ledger.faults.push(`initiator gave up: ${effect.trail.join(' ')}`);
        break;
      case 'peer-limit':
        this.#acceptorLimit = { ...effect, provisional: false };
        break;
      case 'stalled':
        this.#drop(4908);
        break;
      case 'goaway':
        if (this.isClosing || this.#held !== undefined) break;
        this.#held = port.session.withdraw();
        port.session.close(1001, '', effect.deadlineMs, this.clock.nowMs);
        break;
      case 'peer-close':
        this.isClosing ||= this.#held === undefined;
        break;
      case 'drain-timeout':
        this.#path?.close('up', 4906);
        this.#over('drain-timeout');
        break;
      case 'progress':
      case 'delivered':
      case 'failed':
      case 'incoming':
      case 'limit':
      case 'finished':
        break;
    }
  }

  protected take(message: OutgoingMessage): void {
    if (this.#held !== undefined) {
      this.#held.push(message);
      return;
    }
    this.hand(message, this.port);
  }

  override abort(entry: Parameters<SimNode['abort']>[0]): void {
    // Messages that wait for the next session cannot be aborted here; nothing of the engine is in that.
    if (this.#held?.includes(entry.message) !== true) super.abort(entry);
  }

  /** Gives the connection up, as a client does that finds the network gone. */
  #drop(code: number): void {
    const path = this.#path;
    path?.close('up', code);
    this.#lost(path, code);
  }

  #newPort(): SimPort {
    const id = `session-${String(this.sessionCount++).padStart(20, '0')}`;
    this.#number = 0;
    this.#hasSentHello = false;
    this.#ownLimit = this.sessionCount > 1 ? this.port.session.link.learner.memory : undefined;
    return new SimPort(this, 'up', (wake) => this.makeSession(id, this.#ownLimit, wake));
  }

  #opened(path: LossyPath, attempt: number): void {
    this.#path = path;
    let isGreeted = false;
    const giveUp = (code: number): void => {
      if (this.#attempt !== attempt || this.#path !== path || isGreeted) return;
      path.close('up', code);
      this.#lost(path, code);
    };
    this.clock.after(HANDSHAKE_TIMEOUT_MS, () => {
      giveUp(4905);
    });
    path.join('up', {
      received: (bytes) => {
        if (this.#path !== path) return;
        if (isGreeted) {
          this.port.receive(bytes);
          return;
        }
        isGreeted = this.#welcomed(path, bytes);
      },
      closed: (code) => {
        this.#lost(path, code);
      },
    });
    this.#sayHello(path);
    const { impatience, impatientUntilMs } = this.#rules;
    if (this.clock.nowMs < impatientUntilMs && this.random.chance(impatience)) {
      this.clock.after(this.random.int(0, 50), () => {
        giveUp(4905);
      });
    }
  }

  #sayHello(path: LossyPath): void {
    const { session } = this.port;
    const expected = session.isExpected;
    const { received, streamEnd, refused } = session.counts();
    const limitHint = this.#acceptorLimit;
    const packet = encodeHello({
      version: 1,
      session: session.id,
      secret: 's'.repeat(22),
      connection: ++this.#number,
      expected,
      received,
      streamEnd,
      protocols: [],
      ...session.terms,
      ...(limitHint === undefined ? {} : { limitHint: { floor: limitHint.floor, ceiling: limitHint.ceiling } }),
      ...(refused === undefined ? {} : { refused }),
    });
    path.send('up', packet);
    const isFirst = !this.#hasSentHello;
    this.#hasSentHello = true;
    if (isFirst && this.#rules.sendsEarly) this.port.openEarly(path);
  }

  /** @returns whether the session is up now */
  #welcomed(path: LossyPath, bytes: Uint8Array): boolean {
    const packet = decodePacket(bytes);
    const welcome = typeof packet !== 'string' && packet.kind === 'welcome' ? decodeWelcome(packet.body) : 'none';
    if (typeof welcome === 'string') {
      this.ledger.faults.push(`no WELCOME: ${welcome}`);
      return false;
    }
    return this.#answered(path, welcome);
  }

  #answered(path: LossyPath, welcome: Welcome): boolean {
    const { session } = this.port;
    switch (welcome.result) {
      case 'new':
      case 'resumed': {
        const limit = welcome.limit ?? { floor: 0, ceiling: 0 };
        if (limit.floor > 0) this.#acceptorLimit = { ...limit, provisional: false };
        this.#upSinceMs = this.clock.nowMs;
        this.#ackedAtStart = session.link.acked;
        this.port.attached(path, welcome);
        return true;
      }
      case 'gone':
        if (welcome.received !== undefined) session.settleLast(welcome.received);
        if (this.isClosing) {
          path.close('up', 1000);
          this.#over('gone while closing');
          return true;
        }
        this.#startOver();
        this.#sayHello(path);
        return false;
      case 'ended':
        session.settleLast(welcome.received);
        path.close('up', 1000);
        this.#finished('ended');
        return true;
    }
  }

  #lost(path: LossyPath | undefined, code: number): void {
    if (path !== this.#path || this.isDone) return;
    this.#path = undefined;
    const attempt = ++this.#attempt;
    const { session } = this.port;
    const { state } = session;
    if (code === 1000 && state.kind === 'closing' && state.isFinished === true) {
      this.#finished('1000');
      return;
    }
    const wasGood = session.link.acked > this.#ackedAtStart || this.clock.nowMs - this.#upSinceMs > GOOD_AFTER_MS;
    this.#upSinceMs = Infinity;
    const isWorthIt = this.port.detached(code);
    if (code === 4906) {
      this.#over('abandoned');
      return;
    }
    // What the session had to say may have been its last.
    if (attempt !== this.#attempt) return;
    if (wasGood) this.#retries = 0;
    this.#comeBack(isWorthIt);
  }

  #comeBack(isWorthIt: boolean): void {
    const { nowMs } = this.clock;
    this.#immediateAtMs = this.#immediateAtMs.filter((atMs) => nowMs - atMs < 60_000);
    let delayMs = this.random.next() * Math.min(30_000, 500 * 2 ** this.#retries++);
    if (isWorthIt && this.#immediateAtMs.length < 4) {
      this.#immediateAtMs.push(nowMs);
      delayMs = this.random.next() * 50;
    }
    const attempt = this.#attempt;
    this.clock.after(delayMs, () => {
      if (attempt === this.#attempt) this.connect();
    });
  }

  /** The session ended in order. */
  #finished(how: string): void {
    this.ending = how;
    this.expectNothing(this.port.end(), how);
    const held = this.#held;
    this.#held = undefined;
    this.#path = undefined;
    this.#attempt++;
    if (held === undefined) {
      this.isDone = this.isClosing = true;
      return;
    }
    this.port = this.#newPort();
    for (const message of held) this.#carry(message, false, '');
    this.connect();
  }

  /** The session ended out of order, and so does the socket. */
  #over(how: string): void {
    this.ending = how;
    this.#path = undefined;
    this.#attempt++;
    const messages = [...this.port.end(), ...(this.#held ?? [])];
    this.failAll(messages, new ClosedError(1006, how));
    this.isDone = this.isClosing = true;
  }

  /** The acceptor has lost the session: another one takes over what it cannot have. */
  #startOver(): void {
    const old = this.port;
    const messages = [...old.end(), ...(this.#held ?? [])];
    this.#held = undefined;
    this.port = this.#newPort();
    for (const message of messages) this.#carry(message, message.channelNumber >= 0, old.session.id);
  }

  #carry(message: OutgoingMessage, isInDoubt: boolean, session: string): void {
    const { init, origin, channelNumber, ordinal, writtenBytes } = message;
    const entry = this.ledger.entryOf(message);
    if (isInDoubt && (!this.#rules.resendsAfterLoss || !init.source.restart())) {
      this.failAll([message], new SessionLostError());
      return;
    }
    const copy = new OutgoingMessage(init);
    const mark = writtenBytes === entry.bytes.length || origin?.mark === 'whole' ? 'whole' : 'partial';
    if (isInDoubt) copy.origin = { ...(origin ?? { channel: channelNumber, ordinal, session }), mark };
    else copy.origin = origin;
    this.ledger.resent(entry, copy);
    this.hand(copy, this.port);
  }
}
