import { onTestFinished } from 'vitest';
import { commands } from 'vitest/browser';
import { ChunkSocket } from '../../src/index.ts';
import type { ChunkSocketEvents, ChunkSocketOptions } from '../../src/index.ts';
import { Inbox } from '../support/inbox.ts';
import type { RigAddress } from './commands.ts';
import type { Cut, RigOptions } from './rig.ts';

/** Starts a server and a proxy for this test. */
export async function startRig(options: RigOptions = {}): Promise<RigAddress> {
  const rig = await commands.startRig(options);
  onTestFinished(() => commands.stopRig(rig.id));
  return rig;
}

/** Delays of reconnects that a test does not have to wait for, and no memory of another test's path. */
export const quick: ChunkSocketOptions = { retryBaseMs: 20, retryMaxMs: 100, rememberLimits: 'none' };

/** A socket that is closed when the test is over. */
export function openSocket(url: string, options: ChunkSocketOptions = {}): ChunkSocket {
  const socket = new ChunkSocket(url, { ...quick, ...options });
  closeAfterTest(socket);
  return socket;
}

export function closeAfterTest(socket: ChunkSocket): void {
  onTestFinished(() => socket.close(1000, '', { drainMs: 0 }));
}

/** Collects the events of one name. */
export function collect<Name extends keyof ChunkSocketEvents>(
  socket: ChunkSocket,
  name: Name,
): Inbox<ChunkSocketEvents[Name]> {
  const inbox = new Inbox<ChunkSocketEvents[Name]>();
  socket.on(name, (event) => {
    inbox.push(event);
  });
  return inbox;
}

/** In hexadecimal, of bytes or of a text's UTF-8. */
export async function sha256(data: string | Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A WebSocket class that keeps a copy of every packet that is sent through it. */
export function recordPackets(): { readonly WebSocket: typeof WebSocket; readonly packets: Uint8Array[] } {
  const packets: Uint8Array[] = [];
  class RecordingWebSocket extends WebSocket {
    override send(data: Uint8Array<ArrayBuffer>): void {
      packets.push(data.slice());
      super.send(data);
    }
  }
  return { WebSocket: RecordingWebSocket, packets };
}

/** Loads the built bundle by a script tag: another copy of the SDK, with a memory of its own, as on the next page. */
export async function loadScript(url: string): Promise<typeof ChunkSocket> {
  const script = document.createElement('script');
  script.src = url;
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => {
      reject(new Error(`There is no ${url}: is dist/ built?`));
    };
    document.head.append(script);
  });
  script.remove();
  return (globalThis as unknown as { ChunkSocket: typeof ChunkSocket }).ChunkSocket;
}

/** The first connection stands still once so much was handed on to the server: in mid-message, then, for sure. */
export const stallUpload: readonly Cut[] = [{ direction: 'toServer', afterBytes: 1024 * 1024, how: 'stall' }];

/** Resolves when {@link stallUpload} has happened. */
export async function uploadStalled({ id }: RigAddress): Promise<void> {
  await commands.waitForLog(id, 'stalled', 1);
}
