import { describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { MessageEvent } from '../../src/index.ts';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { collect, openSocket, recordPackets, sha256, startRig } from './page.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Where in the text of one message its packets end, in bytes. */
function cutsOf(packets: readonly Uint8Array[]): number[] {
  let byteLength = 0;
  const decoder = new FrameDecoder({
    dataStart: () => undefined,
    dataPayload: (bytes) => {
      byteLength += bytes.length;
      return undefined;
    },
    dataEnd: () => undefined,
    control: () => undefined,
  });
  const cuts: number[] = [];
  for (const packet of packets.map(decodePacket)) {
    if (typeof packet === 'string' || packet.kind !== 'stream' || packet.slice.length === 0) continue;
    decoder.push(packet.slice);
    cuts.push(byteLength);
  }
  return cuts.filter((cut) => cut > 0 && cut < byteLength);
}

/** ASCII with a code point of three or four bytes across each of the cuts. */
function textAcross(cuts: readonly number[], byteLength: number): string {
  let text = '';
  let bytes = 0;
  for (const [index, cut] of cuts.entries()) {
    const [point, length, before] =
      index % 2 === 0 ? (['🎉', 4, 1 + (index % 3)] as const) : (['\u2028', 3, 2] as const);
    text += 'x'.repeat(cut - before - bytes) + point;
    bytes = cut - before + length;
  }
  return text + 'x'.repeat(byteLength - bytes);
}

describe('messages', () => {
  test('text, bytes and empty messages arrive as what they are', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const view = patternBytes(64).subarray(10, 20);

    socket.send('grüße 🎉\u2028');
    socket.send('');
    socket.send(new ArrayBuffer(0));
    await socket.send(view, { channel: 'files', meta: { name: 'a.bin' } }).delivered;

    const messages = await commands.takeMessages(rig.id, 4);
    expect(messages.map(({ isText, text, channel }) => ({ isText, text, channel })).slice(0, 3)).toEqual([
      { isText: true, text: 'grüße 🎉\u2028', channel: '' },
      { isText: true, text: '', channel: '' },
      { isText: false, text: '', channel: '' },
    ]);
    expect(messages[3]).toMatchObject({
      isText: false,
      byteLength: 10,
      sha256: await sha256(view.slice()),
      channel: 'files',
      meta: { name: 'a.bin' },
    });
  });

  test.each([512, 1023, 1024])('text with a code point across every cut, at %i bytes, is intact', async (bytes) => {
    const rig = await startRig({ isEcho: true, server: { maxPacketBytes: bytes } });
    // Within the credit of a new channel, so that nothing but the size of packets decides where they end.
    const byteLength = 15_000;
    const sendOne = async (text: string): Promise<{ cuts: number[]; echo: unknown }> => {
      const { WebSocket, packets } = recordPackets();
      const socket = openSocket(rig.url, { maxPacketBytes: bytes, WebSocket });
      const echoes = collect(socket, 'message');
      await socket.send(text).delivered;
      const { data } = await echoes.next();
      expect(Math.max(...packets.map((packet) => packet.length))).toBeLessThanOrEqual(bytes);
      return { cuts: cutsOf(packets), echo: data };
    };
    const { cuts } = await sendOne('x'.repeat(byteLength));
    const text = textAcross(cuts, byteLength);

    const second = await sendOne(text);

    const utf8 = new TextEncoder().encode(text);
    expect(cuts.length).toBeGreaterThan(12);
    expect(second.cuts).toEqual(cuts);
    for (const cut of cuts) expect((utf8[cut] ?? 0) >> 6, `cut at ${cut} is inside a code point`).toBe(0b10);
    const [, received] = await commands.takeMessages(rig.id, 2);
    expect(received).toMatchObject({ isText: true, byteLength, sha256: await sha256(text) });
    expect(second.echo === text, 'the echo is the text').toBe(true);
  });

  test('text of nothing but emoji and U+2028 is intact at every offset, both ways', async () => {
    const rig = await startRig({ isEcho: true, server: { maxPacketBytes: 512 } });
    const socket = openSocket(rig.url, { maxPacketBytes: 512 });
    const echoes = collect(socket, 'message');
    const body = '🎉'.repeat(3000) + '\u2028'.repeat(3000) + '👩‍🚀'.repeat(1000);

    for (const prefix of ['', 'a', 'ab', 'abc']) {
      const text = prefix + body;
      await socket.send(text).delivered;

      const [received] = await commands.takeMessages(rig.id, 1);
      expect(received).toMatchObject({ isText: true, sha256: await sha256(text) });
      expect((await echoes.next()).data === text, 'the echo is the text').toBe(true);
    }
  });

  test('lone surrogates become U+FFFD, as in WebSocket', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);

    await socket.send('a\ud83cb\udf89').delivered;

    const [received] = await commands.takeMessages(rig.id, 1);
    expect(received?.text).toBe('a\ufffdb\ufffd');
  });

  test('binary messages come as ArrayBuffer, or as Uint8Array where that is asked for', async () => {
    const rig = await startRig();
    const first = openSocket(rig.url);
    const second = openSocket(rig.url, { binaryType: 'uint8array' });
    const messages = [collect(first, 'message'), collect(second, 'message')];
    await Promise.all([first.send('a').delivered, second.send('b').delivered]);

    await commands.sendBytesToAll(rig.id, [1, 2, 3]);

    const [buffer, array] = await Promise.all(messages.map((inbox) => inbox.next()));
    expect((buffer as MessageEvent).data).toBeInstanceOf(ArrayBuffer);
    expect([...new Uint8Array((buffer as MessageEvent).data as ArrayBuffer)]).toEqual([1, 2, 3]);
    expect((array as MessageEvent).data).toBeInstanceOf(Uint8Array);
    expect([...((array as MessageEvent).data as Uint8Array)]).toEqual([1, 2, 3]);
  });

  test('a Blob is read piece by piece, never as a whole', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const bytes = patternBytes(6 * MIB + 123);
    const file = new File([bytes], 'photo.raw');
    const slice = file.slice.bind(file);
    const sizes: number[] = [];
    file.slice = (start, end, type) => {
      const part = slice(start, end, type);
      const arrayBuffer = part.arrayBuffer.bind(part);
      part.arrayBuffer = () => {
        sizes.push(part.size);
        return arrayBuffer();
      };
      return part;
    };
    file.arrayBuffer = () => Promise.reject(new Error('read as a whole'));

    const transfer = socket.send(file, { meta: { name: file.name } });
    await transfer.delivered;

    const [received] = await commands.takeMessages(rig.id, 1);
    expect(received).toMatchObject({
      isText: false,
      byteLength: bytes.length,
      sha256: await sha256(bytes),
      meta: { name: 'photo.raw' },
    });
    expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(MIB);
    expect(transfer.ackedBytes).toBe(bytes.length);
  });

  test('a Blob that cannot be read fails alone, with SourceError', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url);
    const blob = new Blob([patternBytes(100_000)]);
    blob.slice = () => {
      const part = new Blob([]);
      const problem = new DOMException('The file changed.', 'NotReadableError');
      part.arrayBuffer = () => Promise.reject(problem);
      part.stream = () =>
        new ReadableStream({
          type: 'bytes',
          start: (controller) => {
            controller.error(problem);
          },
        });
      return part;
    };

    const transfer = socket.send(blob);
    const next = socket.send('goes on');

    await expect(transfer.delivered).rejects.toMatchObject({
      code: 'ERR_SOURCE',
      cause: expect.objectContaining({ name: 'NotReadableError' }) as unknown,
    });
    await next.delivered;
    const [received] = await commands.takeMessages(rig.id, 1);
    expect(received?.text).toBe('goes on');
  });

  test('a small message arrives while a big upload runs', async () => {
    const rig = await startRig({ faults: { shape: { bytesPerSecond: 16 * MIB } } });
    const socket = openSocket(rig.url);
    const bytes = patternBytes(8 * MIB);
    const upload = socket.send(new Blob([bytes]), { channel: 'uploads', priority: 'low' });
    await new Promise<void>((resolve) => {
      upload.on('progress', () => {
        resolve();
      });
    });

    const small = socket.send('small', { channel: 'chat' });
    await small.delivered;

    expect(upload.state).toBe('sending');
    expect(upload.ackedBytes).toBeLessThan(bytes.length / 2);
    const [first] = await commands.takeMessages(rig.id, 1);
    expect(first?.text).toBe('small');
    await upload.delivered;
    const [second] = await commands.takeMessages(rig.id, 1);
    expect(second).toMatchObject({ byteLength: bytes.length, sha256: await sha256(bytes) });
  });

  test('a download of 8 MiB in packets of 16 KiB and more arrives intact, beside small messages', async () => {
    const rig = await startRig({ greetingBytes: 8 * MIB });
    const socket = openSocket(rig.url);
    const messages = collect(socket, 'message');
    await socket.send('hello').delivered;
    await commands.sendToAll(rig.id, 'late');

    const [big, late] = await messages.take(2);

    expect(await sha256(big?.data as ArrayBuffer)).toBe(await sha256(patternBytes(8 * MIB)));
    expect(late?.data).toBe('late');
  });
});
