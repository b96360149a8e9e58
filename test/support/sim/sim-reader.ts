import type { IncomingMessage } from '../../../src/session/mux/incoming-message.ts';
import type { Session } from '../../../src/session/session.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { Way } from './lossy-path.ts';
import type { Random } from './random.ts';
import { ReceiverWatch } from './receiver-watch.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How an application takes its messages. */
export interface ReaderRules {
  /** One message at a time, so far apart; 0 takes all at once as they come. */
  readonly everyMs: number;
  /** Nothing is taken before. */
  readonly startsAtMs: number;
  /** `whole` never asks for a message before it is there, `mixed` takes each in another manner. */
  readonly manners: 'whole' | 'mixed';
}

/** What {@link SimReader} needs of the port around it. */
export interface ReaderHost {
  readonly clock: VirtualClock;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly reader: ReaderRules;
  /** Messages may be left unread for ever. */
  readonly isPatient: boolean;
}

/**
 * `collect` as one of its own, `next` as one of many; `stream` as it comes, `trickle` so, but slowly, `bounded` so, up to
 * a length; `stop` begins to read and rejects the rest, `wait` decides later, `never` does not read at all.
 */
type Manner = 'next' | 'collect' | 'stream' | 'trickle' | 'bounded' | 'stop' | 'reject' | 'wait' | 'never';

const SHARES: Readonly<Record<Manner, number>> = {
  next: 4,
  collect: 4,
  stream: 6,
  trickle: 3,
  bounded: 1,
  stop: 2,
  reject: 1,
  wait: 2,
  never: 1,
};

const MANNERS = (Object.keys(SHARES) as Manner[]).flatMap((manner) => Array<Manner>(SHARES[manner]).fill(manner));

/** A message that the application was told of, and what becomes of it. */
export interface Reading {
  readonly message: IncomingMessage;
  readonly entry: Entry;
  manner: Manner;
  /** What was read of one that is streamed. */
  bytes: number;
  /** Between two parts. */
  everyMs: number;
  /** Reading ends there. */
  untilBytes: number;
  isWaiting: boolean;
  isOver: boolean;
}

/** The application at one end of one session: takes each message that comes, in a manner of its own. */
export class SimReader {
  readonly #host: ReaderHost;
  readonly #session: Session;
  /** Which way the messages go. */
  readonly #way: Way;
  readonly #random: Random;
  readonly #wake: () => void;
  readonly #readings = new Map<IncomingMessage, Reading>();
  /** Messages whose end was seen when the next one came, and of which word must come still. */
  readonly #untold = new Set<IncomingMessage>();
  readonly #watch: ReceiverWatch;
  /** Whether messages are looked at before they are whole. */
  readonly #isTold: boolean;
  /** Whether that is as soon as they come, however slowly they are taken. */
  readonly #isPrompt: boolean;
  /** Whether whole messages that nobody asked for are taken. */
  readonly #takesNext: boolean;
  #isOver = false;

  constructor(host: ReaderHost, session: Session, way: Way, maxWholeBytes: number, wake: () => void) {
    this.#host = host;
    this.#session = session;
    this.#way = way;
    this.#wake = wake;
    this.#random = host.random.fork();
    const isMixed = host.reader.manners === 'mixed';
    this.#isTold = isMixed || maxWholeBytes < session.terms.maxMessageBytes;
    this.#takesNext = !isMixed || this.#random.chance(0.5);
    const { everyMs, startsAtMs } = host.reader;
    this.#isPrompt = this.#isTold && ((everyMs === 0 && startsAtMs === 0) || this.#random.chance(0.5));
    this.#watch = new ReceiverWatch(session, this.#readings, this.#isPrompt, (text) => {
      this.#fault(text);
    });
  }

  /** Names of channels on which nothing goes on, since a message is not read. */
  get stalled(): Set<string> {
    const names = new Set<string>();
    for (const { manner, message } of this.#readings.values()) if (manner === 'never') names.add(message.channel.name);
    return names;
  }

  /** What is being taken, in words. */
  toString(): string {
    return [...this.#readings.values()]
      .map(({ entry, manner, message, bytes }) => `${entry.id} ${manner} ${message.use} ${bytes} of ${message.bytes}`)
      .join(', ');
  }

  /** Looks at what is new, unless it is one that looks only when it takes. */
  look(): void {
    while (this.#isPrompt && this.#lookAtOne());
  }

  /** Takes one message, or looks at one; false when there is none. */
  takeOne(): boolean {
    if (this.#lookAtOne()) return true;
    const message = this.#takesNext ? this.#session.nextMessage() : undefined;
    if (message === undefined) return false;
    const entry = this.#host.ledger.arrived(this.#session.id, this.#way, message);
    for (const reading of this.#readings.values()) if (reading.entry === entry) this.#forget(reading);
    scribble(message.data);
    return true;
  }

  /** Something has become of a message. */
  changed(message: IncomingMessage): void {
    const reading = this.#readings.get(message);
    this.#untold.delete(message);
    if (reading === undefined || this.#isEnded(reading)) return;
    switch (reading.manner) {
      case 'collect':
        this.#collect(reading);
        break;
      case 'stream':
      case 'bounded':
      case 'stop':
        this.#read(reading);
        break;
      case 'trickle':
        this.#trickle(reading);
        break;
      case 'next':
      case 'reject':
      case 'wait':
      case 'never':
        break;
    }
  }

  /** What was never read is read now, or refused. */
  giveUp(): void {
    for (const reading of [...this.#readings.values()]) {
      if (reading.manner !== 'never') continue;
      const isOpen = reading.message.use === 'open';
      reading.manner = this.#random.pick(isOpen ? ['reject', 'stream', 'collect'] : ['reject', 'stream']);
      if (isOpen) this.#begin(reading);
      else if (reading.manner === 'stream') this.#read(reading);
      else this.#reject(reading);
    }
    this.#wake();
  }

  /** The session is over: what it has whole is taken now, the rest will never be. */
  end(): void {
    const { receiver } = this.#session;
    this.#isOver = true;
    for (;;) {
      for (const reading of [...this.#readings.values()]) this.#takeRest(reading);
      const message = receiver.nextIncoming();
      if (message === undefined) break;
      this.#told(message);
    }
    if (this.#untold.size > 0) this.#fault(`${this.#untold.size} messages ended, and nobody told`);
    if (receiver.heldBytes !== 0) this.#fault(`${receiver.heldBytes} bytes are held after the end`);
  }

  /** Looks whether everything is within its bounds; to be called after each step. */
  check(): void {
    this.#watch.check();
  }

  #lookAtOne(): boolean {
    const offered = this.#isTold ? this.#session.receiver.nextIncoming() : undefined;
    if (offered === undefined) return false;
    const reading = this.#told(offered);
    if (reading !== undefined) this.#begin(reading);
    return true;
  }

  #told(message: IncomingMessage): Reading | undefined {
    const { ledger } = this.#host;
    for (const before of [...this.#readings.values()]) {
      if (before.message.channel.name !== message.channel.name) continue;
      if (this.#isEnded(before)) this.#untold.add(before.message);
    }
    let entry: Entry;
    try {
      entry = ledger.offered(this.#session.id, this.#way, message);
    } catch (error) {
      this.#fault(String(error));
      return undefined;
    }
    const reading: Reading = {
      message,
      entry,
      manner: this.#manner(),
      bytes: 0,
      everyMs: this.#random.scaled(1, 300),
      untilBytes: this.#random.scaled(1, 300_000),
      isWaiting: false,
      isOver: false,
    };
    this.#readings.set(message, reading);
    this.#watch.add(message);
    return reading;
  }

  #manner(): Manner {
    if (this.#host.reader.manners === 'whole') return 'next';
    const manner = this.#random.pick(MANNERS);
    // What is not looked at for long may have all of the pool by then: nobody else could go on.
    if (manner === 'never' && !(this.#host.isPatient && this.#isPrompt)) return 'stream';
    return manner === 'next' && !this.#takesNext ? 'collect' : manner;
  }

  #begin(reading: Reading): void {
    const { message, manner, untilBytes } = reading;
    const { receiver } = this.#session;
    switch (manner) {
      case 'next':
        receiver.takeWhole(message);
        this.#isEnded(reading);
        break;
      case 'collect':
        receiver.collect(message);
        if (!this.#isEnded(reading)) this.#collect(reading);
        break;
      case 'stream':
        this.#session.stream(message);
        this.#read(reading);
        break;
      case 'trickle':
        this.#session.stream(message);
        this.#trickle(reading);
        break;
      case 'bounded':
        this.#session.stream(message, untilBytes);
        if (!this.#isEnded(reading)) this.#read(reading);
        break;
      case 'stop':
        this.#session.stream(message);
        this.#later(reading, this.#random.scaled(1, 20_000), () => {
          this.#reject(reading);
        });
        this.#read(reading);
        break;
      case 'reject':
        this.#reject(reading);
        break;
      case 'wait':
        this.#later(reading, this.#random.scaled(1, 5000), () => {
          while (reading.manner === 'wait') reading.manner = this.#manner();
          this.#begin(reading);
        });
        break;
      case 'never':
        if (!this.#takesNext && this.#random.chance(0.5)) break;
        this.#session.stream(message);
        break;
    }
    this.#wake();
  }

  /** Whether nothing more is to come of the message. */
  #isEnded(reading: Reading): boolean {
    const { message, entry } = reading;
    if (reading.isOver) return true;
    if (message.end !== undefined) {
      entry.cancelCode = message.end.code;
      this.#leave(reading);
    } else if (message.use === 'dropped') {
      entry.refusal = 'too big';
      if (entry.bytes.length <= message.maxBytes)
        this.#fault(`message ${entry.id} was too big for ${message.maxBytes}`);
      this.#leave(reading);
    }
    return reading.isOver;
  }

  #collect(reading: Reading): void {
    const { message, entry } = reading;
    if (!message.isWhole) return;
    const data = this.#session.receiver.takeData(message);
    this.#host.ledger.checkWhole(entry, data);
    scribble(data);
    this.#taken(reading, entry.bytes.length);
  }

  #read(reading: Reading): void {
    while (this.#readPart(reading)) {
      if (reading.manner === 'stop' && reading.bytes >= reading.untilBytes) this.#reject(reading);
    }
  }

  /** One part each `everyMs`; goes on with {@link changed} when there is none. */
  #trickle(reading: Reading): void {
    if (reading.isWaiting || reading.isOver) return;
    const { bytes } = reading.message;
    if (bytes === reading.bytes && !reading.message.isWhole) return;
    this.#later(reading, reading.everyMs, () => {
      this.#readPart(reading);
      this.#trickle(reading);
    });
  }

  #readPart(reading: Reading): boolean {
    const { message, entry } = reading;
    if (reading.isOver) return false;
    const part = this.#session.receiver.read(message);
    if (part !== undefined) {
      this.#host.ledger.came(entry, reading.bytes, part);
      reading.bytes += part.length;
      scribble(part);
    }
    this.#wake();
    if (message.isTaken) this.#taken(reading, reading.bytes);
    return part !== undefined && !message.isTaken;
  }

  #reject(reading: Reading): void {
    const { message, entry } = reading;
    entry.refusal = message.isWhole ? 'late' : 'rejected';
    this.#session.receiver.reject(message, 'no more of it');
    this.#leave(reading);
    this.#wake();
  }

  #taken(reading: Reading, bytes: number): void {
    const { entry, message } = reading;
    this.#host.ledger.read(this.#session.id, this.#way, entry, bytes, message.head.fields?.origin);
    this.#forget(reading);
  }

  #leave(reading: Reading): void {
    this.#host.ledger.left(this.#session.id, this.#way, reading.entry);
    this.#forget(reading);
  }

  #forget(reading: Reading): void {
    reading.isOver = true;
    this.#readings.delete(reading.message);
  }

  #takeRest(reading: Reading): void {
    const { message, entry } = reading;
    if (message.use === 'dropped' || message.end !== undefined) {
      this.#fault(`message ${entry.id} was refused or cancelled, and nobody told`);
      this.#leave(reading);
    } else if (!message.isWhole) {
      this.#fault(`message ${entry.id} is neither whole nor at its end after the session's`);
      this.#leave(reading);
    } else if (message.use === 'collected') {
      this.#collect(reading);
    } else {
      if (message.use !== 'streamed') this.#session.stream(message);
      reading.manner = 'stream';
      this.#read(reading);
    }
  }

  /** Does something in a while, unless the message is over by then. */
  #later(reading: Reading, delayMs: number, act: () => void): void {
    reading.isWaiting = true;
    this.#host.clock.after(delayMs, () => {
      reading.isWaiting = false;
      if (reading.isOver || this.#isOver) return;
      act();
      this.#wake();
    });
  }

  #fault(text: string): void {
    this.#host.ledger.faults.push(`${this.#way}: ${text}`);
  }
}

/** What was handed over is its taker's: nobody else may see what becomes of it. */
function scribble(data: string | Uint8Array): void {
  if (typeof data !== 'string') new Uint8Array(data.buffer).fill(0xee);
}
