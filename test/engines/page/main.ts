import { ChunkSocket } from '../../../src/index.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { bytesOf, dataOf, isTextSource } from '../cases.ts';
import type { Case } from '../cases.ts';
import { formOf, isIncoming, takeIncoming, takeWhole } from '../take.ts';
import type { Taken } from '../take.ts';

/** The part of the test that runs in a page. Each function opens a socket of its own, and closes it. */
const engine = {
  /** Sends it, and returns what the server says that it got. */
  async up(url: string, tested: Case): Promise<unknown> {
    const socket = open(url);
    const report = new Promise<unknown>((resolve) => {
      socket.on('message', ({ data }) => {
        resolve(JSON.parse(data as string));
      });
    });
    const data = dataOf(tested);
    const transfer = socket.send(data, {
      channel: 'up',
      meta: tested,
      ...(tested.source === 'transferred' ? { transfer: true } : {}),
    });
    if (tested.source === 'transferred' && tested.byteLength > 0 && (data as ArrayBuffer).byteLength > 0) {
      throw new Error('The buffer was not detached.');
    }
    // What was copied may be changed.
    if (tested.source === 'array-buffer') new Uint8Array(data as ArrayBuffer).fill(255);
    await transfer.delivered;
    const result = await report;
    await socket.close();
    return result;
  },

  /** Sends a Blob of so many MiB, and returns what the server says that it got, and what was sent more than once. */
  async upBig(url: string, mebibytes: number): Promise<{ report: unknown; resentBytes: number; connections: number }> {
    const socket = open(url);
    const report = new Promise<unknown>((resolve) => {
      socket.on('message', ({ data }) => {
        resolve(JSON.parse(data as string));
      });
    });
    // The parts are one and the same: it takes no more memory than one of them.
    const part = new Blob([patternBytes(1024 * 1024)]);
    await socket.send(new Blob(new Array<Blob>(mebibytes).fill(part)), { channel: 'big' }).delivered;
    const { resentBytes, connections } = socket.stats();
    const result = { report: await report, resentBytes, connections };
    await socket.close();
    return result;
  },

  /** Asks the server for it, and returns what is wrong with what came. */
  async down(url: string, tested: Case): Promise<string[]> {
    const { take } = tested;
    const socket = open(url, isIncoming(take) ? 'arraybuffer' : (take as 'arraybuffer'));
    const taken = new Promise<Taken>((resolve, reject) => {
      if (isIncoming(take)) {
        socket.on('incoming', (incoming) => {
          takeIncoming(incoming, take).then(resolve, reject);
        });
      } else {
        socket.on('message', ({ data }) => {
          takeWhole(data).then(resolve, reject);
        });
      }
    });
    await socket.send(JSON.stringify(tested), { channel: 'ask' }).delivered;
    const { isText, bytes, form } = await taken;
    const problems: string[] = [];
    const isMeant = isTextSource(tested.source);
    if (isText !== isMeant) problems.push(`text: ${String(isText)}`);
    if (form !== formOf(take, isMeant)) problems.push(`came as ${form}`);
    const expected = bytesOf(tested);
    if (bytes.length !== expected.length) problems.push(`${bytes.length} bytes instead of ${expected.length}`);
    const wrong = bytes.findIndex((byte, index) => byte !== expected[index]);
    if (wrong >= 0) problems.push(`wrong from byte ${wrong} on`);
    await socket.close();
    return problems;
  },
};

function open(url: string, binaryType: 'arraybuffer' | 'uint8array' | 'blob' = 'arraybuffer'): ChunkSocket {
  return new ChunkSocket(url, {
    binaryType: binaryType as 'arraybuffer',
    retryBaseMs: 10,
    retryMaxMs: 50,
    rememberLimits: 'none',
  });
}

/** What a test asks a page for. */
export type Engine = typeof engine;

Object.assign(globalThis, { engine });
