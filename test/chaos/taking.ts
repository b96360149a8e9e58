import type { Incoming, MessageEvent } from '../../src/index.ts';
import { contentOf } from './content.ts';
import { Digest } from './digest.ts';
import type { Changes, Notes } from './notes.ts';
import { sleep } from './notes.ts';
import type { EndPlan, TakeKind } from './plan.ts';
import type { Port } from './port.ts';
import type { ReceivedReport } from './report.ts';

/** So many reads of a slow reader are slow. */
const SLOW_READS = 4;
const SLOW_MS = 8;
const encoder = new TextEncoder();

/** Takes what comes, in every way there is, and notes what it was. */
export class Taking {
  readonly received: ReceivedReport[] = [];
  readonly #plan: EndPlan;
  readonly #notes: Notes;
  readonly #changes: Changes;
  readonly #rejected: ReadonlySet<string>;
  /** What must come, by id. */
  readonly #missing: Set<string>;
  /** Of messages that come without meta. */
  readonly #idByHash: ReadonlyMap<string, string>;
  readonly #ports: Port[] = [];
  #listeners: (() => void)[] = [];
  #pauses: number;
  #isPaused = false;

  constructor(plan: EndPlan, peer: EndPlan, notes: Notes, changes: Changes) {
    this.#plan = plan;
    this.#notes = notes;
    this.#changes = changes;
    this.#pauses = plan.pauses.length;
    const idsOf = (fate: string): string[] => peer.messages.filter((each) => each.fate === fate).map(({ id }) => id);
    this.#rejected = new Set(idsOf('rejected'));
    this.#missing = new Set(idsOf('delivered'));
    const bare = peer.messages.filter(({ meta }) => meta === undefined);
    this.#idByHash = new Map(bare.map((message) => [contentOf(message).hash, message.id]));
  }

  /** Takes from that one, too. */
  add(port: Port): void {
    this.#ports.push(port);
    if (!this.#isPaused) this.#listen(port, this.#ports.length);
  }

  /** Stops listening for a while, as planned. */
  async run(): Promise<void> {
    const startMs = performance.now();
    for (const { atMs, forMs } of this.#plan.pauses) {
      await sleep(Math.max(0, startMs + atMs - performance.now()));
      this.#notes.add('nobody listens');
      this.#isPaused = true;
      for (const stop of this.#listeners.splice(0)) stop();
      await sleep(forMs);
      this.#notes.add('listens again');
      this.#isPaused = false;
      this.#ports.forEach((port, index) => {
        this.#listen(port, index + 1);
      });
      this.#pauses--;
    }
    this.#changes.tell();
  }

  /** All that must come has come, and what has begun has ended, also of those that need not come. */
  get isDone(): boolean {
    const isPending = this.received.some(({ outcome }) => outcome === 'pending');
    return !isPending && this.#missing.size === 0 && this.#pauses === 0;
  }

  get missing(): string[] {
    return [...this.#missing];
  }

  #listen(port: Port, session: number): void {
    this.#listeners.push(
      port.on('incoming', (incoming) => {
        this.#begin(session, incoming);
      }),
      port.on('message', (event) => {
        void this.#handedOver(session, event);
      }),
    );
  }

  #begin(session: number, incoming: Incoming): void {
    const { meta, channel } = incoming;
    const id = (meta as { id?: string } | undefined)?.id;
    const take = this.#plan.takes[channel] ?? 'message';
    const isRejected = id !== undefined && this.#rejected.has(id);
    if (take === 'message' && !isRejected) return;
    const report = this.#note(session, { ...pick(incoming), isText: incoming.isText });
    if (isRejected) {
      incoming.reject('as planned');
      report.outcome = 'rejected';
      return;
    }
    this.#take(incoming, take, report).catch((error: unknown) => {
      const { code, by } = error as { code?: string; by?: string };
      report.outcome = code === 'ERR_CANCELLED' ? `cancelled by ${by ?? ''}` : String(error);
      this.#notes.add(`${id ?? '?'} did not come to its end: ${report.outcome}`);
      this.#changes.tell();
    });
  }

  async #take(incoming: Incoming, take: TakeKind, report: ReceivedReport): Promise<void> {
    const digest = new Digest();
    switch (take) {
      case 'text':
      case 'message':
        if (incoming.isText) digest.add(encoder.encode(await incoming.text()));
        else digest.add(new Uint8Array(await incoming.arrayBuffer()));
        break;
      case 'buffer':
        digest.add(new Uint8Array(await incoming.arrayBuffer()));
        break;
      case 'blob':
        digest.add(new Uint8Array(await (await incoming.blob()).arrayBuffer()));
        break;
      case 'stream':
      case 'slow-stream': {
        const reader = incoming.stream().getReader();
        for (let reads = 0; ; reads++) {
          if (take === 'slow-stream' && reads < SLOW_READS) await sleep(SLOW_MS);
          const { done, value } = await reader.read();
          if (done) break;
          digest.add(value);
        }
      }
    }
    this.#finish(report, digest);
  }

  async #handedOver(session: number, event: MessageEvent): Promise<void> {
    const { data } = event;
    const report = this.#note(session, { ...pick(event), isText: typeof data === 'string' });
    const digest = new Digest();
    if (typeof data === 'string') digest.add(encoder.encode(data));
    else digest.add(new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data));
    this.#finish(report, digest);
  }

  #note(session: number, head: Omit<ReceivedReport, 'session' | 'outcome' | 'byteLength' | 'hash'>): ReceivedReport {
    const report: ReceivedReport = { session, ...head, outcome: 'pending', byteLength: 0, hash: '' };
    this.received.push(report);
    return report;
  }

  #finish(report: ReceivedReport, digest: Digest): void {
    report.outcome = 'whole';
    report.byteLength = digest.byteLength;
    report.hash = digest.hash;
    const id = (report.meta as { id?: string } | undefined)?.id ?? this.#idByHash.get(report.hash);
    this.#notes.add(`got ${id ?? '?'} (${report.byteLength} bytes)`);
    if (id !== undefined) this.#missing.delete(id);
    this.#changes.tell();
  }
}

function pick({ channel, meta, possibleDuplicateOf }: Incoming | MessageEvent): {
  channel: string;
  meta: unknown;
  isMarked: boolean;
} {
  return { channel, meta, isMarked: possibleDuplicateOf !== undefined };
}
