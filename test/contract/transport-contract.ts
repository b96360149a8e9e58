import { describe, expect, test } from 'vitest';
import type { Transport, TransportClose, TransportHandlers } from '../../src/runtime/transport.ts';

/** The other end of the connection, in whatever way the test can reach it. */
export interface ContractPeer {
  send(bytes: Uint8Array): void | Promise<void>;
  sendText(text: string): void | Promise<void>;
  close(code: number, reason: string): void | Promise<void>;
  /** Ends the connection without a close frame. */
  cut(): void | Promise<void>;
  /** Stops reading, so that what is sent to it stays where it is; `undefined` where that cannot be done. */
  readonly pause?: () => void | Promise<void>;
  /** The next message that came, copied. */
  next(): Promise<Uint8Array>;
  /** How many messages came that were not asked for. */
  countUnread(): number | Promise<number>;
  /** How the connection ended here. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** A transport under test, and what it is connected to. */
export interface ContractConnection {
  readonly transport: Transport;
  readonly peer: ContractPeer;
  /** Of a transport that tells nothing any more once it was closed: waits for the end of what is below it. */
  readonly over?: () => Promise<void>;
}

/** Makes a connection. The transport must tell `handlers` from its first moment on. */
export type ConnectContract = (handlers: TransportHandlers) => Promise<ContractConnection>;

/** What a transport told, in order, and whether it ever told something while it was being called. */
class Recorder implements TransportHandlers {
  readonly told: string[] = [];
  readonly messages: Uint8Array[] = [];
  closing: TransportClose | undefined;
  isInside = false;
  wasTold = false;
  #waiting: { readonly isThere: () => boolean; readonly resolve: () => void }[] = [];

  opened(): void {
    this.#tell('opened');
  }

  received(bytes: Uint8Array): void {
    this.messages.push(bytes.slice());
    this.#tell('received');
  }

  receivedText(): void {
    this.#tell('text');
  }

  closed(close: TransportClose): void {
    this.closing = close;
    this.#tell('closed');
  }

  /** Resolves once `told` has so many of `what`. */
  async until(what: string, count = 1): Promise<void> {
    const isThere = (): boolean => this.told.filter((name) => name === what).length >= count;
    if (!isThere()) await new Promise<void>((resolve) => this.#waiting.push({ isThere, resolve }));
  }

  /** Runs `call`, during which nothing may be told. */
  inside(call: () => void): void {
    this.isInside = true;
    call();
    this.isInside = false;
  }

  #tell(what: string): void {
    if (this.isInside) this.wasTold = true;
    this.told.push(what);
    for (const { isThere, resolve } of this.#waiting) if (isThere()) resolve();
    this.#waiting = this.#waiting.filter(({ isThere }) => !isThere());
  }
}

async function open(connect: ConnectContract) {
  const recorder = new Recorder();
  const connection = await connect(recorder);
  await recorder.until('opened');
  /** Waits for the end after our own close, and returns what is to be told of it. */
  const ended = async (): Promise<string[]> => {
    if (connection.over === undefined) {
      await recorder.until('closed');
      return ['closed'];
    }
    await connection.over();
    return [];
  };
  return { recorder, ended, ...connection };
}

function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index * 31 + seed * 7;
  return bytes;
}

/** `toEqual` takes seconds for as many bytes. */
function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((byte, index) => byte !== expected[index])).toBe(-1);
}

/** What every {@link Transport} promises (its JSDoc), as tests. */
export function describeTransport(name: string, connect: ConnectContract): void {
  describe(`the transport contract: ${name}`, () => {
    test('is told as opened once, before anything else', async () => {
      const recorder = new Recorder();
      const { peer } = await connect(recorder);
      await peer.send(bytesOf(3, 1));
      await recorder.until('received');
      expect(recorder.told).toEqual(['opened', 'received']);
    });

    test('messages arrive whole and in order, in both directions', async () => {
      const { recorder, transport, peer } = await open(connect);
      const sent = [1, 0, 125, 126, 65_535, 65_536, 300_000, 2].map(bytesOf);
      for (const bytes of sent) transport.send(bytes);
      for (const bytes of sent) expectBytes(await peer.next(), bytes);
      for (const bytes of sent) await peer.send(bytes);
      await recorder.until('received', sent.length);
      for (const [index, bytes] of sent.entries()) expectBytes(recorder.messages[index] as Uint8Array, bytes);
    });

    test('a view is sent without what surrounds it, and is not changed', async () => {
      const { transport, peer } = await open(connect);
      const all = bytesOf(100, 5);
      const view = all.subarray(20, 60);
      transport.send(view);
      expect(await peer.next()).toEqual(bytesOf(100, 5).slice(20, 60));
      expect(all).toEqual(bytesOf(100, 5));
    });

    test('what was received stays as it is while more comes', async () => {
      const kept: Uint8Array[] = [];
      const recorder = new Recorder();
      const { peer } = await connect({
        opened: () => {
          recorder.opened();
        },
        received: (bytes) => {
          kept.push(bytes);
          recorder.received(bytes);
        },
        receivedText: () => undefined,
        closed: () => undefined,
      });
      for (let seed = 0; seed < 50; seed++) await peer.send(bytesOf(2000, seed));
      await recorder.until('received', 50);
      for (const [seed, bytes] of kept.entries()) expectBytes(bytes, bytesOf(2000, seed));
    });

    test('received bytes are a plain Uint8Array, whose slice is a copy', async () => {
      const isPlain: boolean[] = [];
      const recorder = new Recorder();
      const { peer } = await connect({
        opened: () => undefined,
        received: (bytes) => {
          isPlain.push(Object.getPrototypeOf(bytes) === Uint8Array.prototype);
          recorder.received(bytes);
        },
        receivedText: () => undefined,
        closed: () => undefined,
      });
      await peer.send(bytesOf(10, 1));
      await recorder.until('received');
      expect(isPlain).toEqual([true]);
    });

    test('text is told as text', async () => {
      const { recorder, peer } = await open(connect);
      await peer.sendText('hello');
      await recorder.until('text');
      expect(recorder.told).toEqual(['opened', 'text']);
    });

    test('a close of the peer is told once, with code and reason', async () => {
      const { recorder, peer } = await open(connect);
      await peer.close(4321, 'so be it');
      await recorder.until('closed');
      expect(recorder.closing).toMatchObject({ code: 4321, reason: 'so be it', wasClean: true });
      expect(recorder.told).toEqual(['opened', 'closed']);
    });

    test('messages before the close of the peer come before it', async () => {
      const { recorder, peer } = await open(connect);
      for (let seed = 0; seed < 5; seed++) await peer.send(bytesOf(1000, seed));
      await peer.close(1000, '');
      await recorder.until('closed');
      expect(recorder.told).toEqual(['opened', ...Array.from({ length: 5 }, () => 'received'), 'closed']);
    });

    test('a connection that was cut is told as 1006', async () => {
      const { recorder, peer } = await open(connect);
      await peer.cut();
      await recorder.until('closed');
      expect(recorder.closing).toMatchObject({ code: 1006, wasClean: false });
    });

    test('our close reaches the peer with code and reason, and is told here once', async () => {
      const { recorder, transport, peer, ended } = await open(connect);
      transport.close(4900, 'bad-varint');
      transport.close(1000, 'again');
      expect(await peer.closed).toEqual({ code: 4900, reason: 'bad-varint' });
      const told = await ended();
      expect(recorder.told).toEqual(['opened', ...told]);
    });

    test.each([1005, 1006, 999, 5000, 0])('the code %i, which cannot be sent, is left out', async (code) => {
      const { transport, peer, ended } = await open(connect);
      transport.close(code, 'lost');
      expect(await peer.closed).toEqual({ code: 1005, reason: '' });
      await ended();
    });

    test('a reason that is too long is cut between two characters', async () => {
      const { transport, peer } = await open(connect);
      transport.close(4000, 'é'.repeat(100));
      expect(await peer.closed).toEqual({ code: 4000, reason: 'é'.repeat(61) });
    });

    test('no handler is called from inside send or close', async () => {
      const { recorder, transport, peer, ended } = await open(connect);
      recorder.inside(() => {
        transport.send(bytesOf(10, 1));
        transport.close(1000, '');
        transport.send(bytesOf(10, 1));
        transport.close(1000, '');
      });
      await peer.closed;
      await ended();
      expect(recorder.wasTold).toBe(false);
    });

    test('what was sent before our close still arrives', async () => {
      const { transport, peer } = await open(connect);
      transport.send(bytesOf(100_000, 1));
      transport.close(1000, '');
      expectBytes(await peer.next(), bytesOf(100_000, 1));
      expect((await peer.closed).code).toBe(1000);
    });

    test('send after close does nothing', async () => {
      const { transport, peer, ended } = await open(connect);
      transport.send(bytesOf(1, 1));
      transport.close(1000, '');
      transport.send(bytesOf(2, 2));
      await ended();
      transport.send(bytesOf(3, 3));
      transport.close(1000, '');
      expect(await peer.next()).toEqual(bytesOf(1, 1));
      await peer.closed;
      expect(await peer.countUnread()).toBe(0);
    });

    test('nothing but the end is told once we have closed', async () => {
      const { recorder, transport, peer, ended } = await open(connect);
      const sending = (async () => {
        await peer.send(bytesOf(10, 1));
        await peer.sendText('late');
      })();
      transport.close(1000, '');
      await sending;
      const told = await ended();
      expect(recorder.told).toEqual(['opened', ...told]);
    });

    test('bytes that have not left are counted, and are none when all is well', async () => {
      const { transport, peer } = await open(connect);
      expect(transport.bufferedBytes).toBe(0);
      await peer.pause?.();
      const bytes = new Uint8Array(1 << 20);
      for (let count = 0; count < 32; count++) transport.send(bytes);
      expect(transport.bufferedBytes).toBeGreaterThan(1 << 20);
    });
  });
}
