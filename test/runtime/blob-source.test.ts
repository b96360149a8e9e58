import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { BlobSource } from '../../src/runtime/blob-source.ts';
import type { BlobLike } from '../../src/runtime/blob-source.ts';
import { bufferBytes } from '../support/collect-garbage.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A Blob that tells what is read of it. */
function watched(bytes: Uint8Array<ArrayBuffer>): { blob: BlobLike; reads: [number, number][] } {
  const reads: [number, number][] = [];
  const whole = new Blob([bytes]);
  return {
    reads,
    blob: {
      size: whole.size,
      slice: (start, end) => {
        reads.push([start, end]);
        return whole.slice(start, end);
      },
    },
  };
}

/** Reads it to the end, in helpings of so many bytes. */
async function readAll(source: BlobSource, helping: number): Promise<Uint8Array> {
  const result = new Uint8Array(source.totalBytes);
  for (let at = 0; at < result.length;) {
    while (source.readyBytes === 0) {
      source.pull();
      await settle();
    }
    const count = Math.min(helping, source.readyBytes, result.length - at);
    source.copy(result, at, count);
    at += count;
  }
  return result;
}

describe('BlobSource', () => {
  test('reads nothing before it is asked', () => {
    const { blob, reads } = watched(patternBytes(MIB));
    const source = new BlobSource(blob);

    expect(source.totalBytes).toBe(MIB);
    expect(source.heldBytes).toBe(0);
    expect(source.state).toBe('open');
    expect(reads).toEqual([]);
  });

  test.each([1 * KIB + 7, 100 * KIB, 512 * KIB, MIB])('gives its bytes in helpings of %i', async (helping) => {
    const bytes = patternBytes(3 * MIB + 5);
    const { blob, reads } = watched(bytes);
    const source = new BlobSource(blob);

    const result = await readAll(source, helping);

    expect(Buffer.compare(result, bytes)).toBe(0);
    expect(source.state).toBe('ended');
    expect(reads[0]?.[0]).toBe(0);
    expect(reads.at(-1)?.[1]).toBe(bytes.length);
    for (const [index, [start]] of reads.entries()) expect(start).toBe(reads[index - 1]?.[1] ?? 0);
  });

  test('reads at most 2 MiB ahead', async () => {
    const { blob, reads } = watched(patternBytes(8 * MIB));
    const source = new BlobSource(blob);
    let readyCount = 0;
    source.onReady = () => {
      readyCount++;
    };

    source.pull();
    expect(source.readyBytes).toBe(0);
    await vi.waitFor(() => {
      expect(readyCount).toBe(4);
    });
    source.pull();
    await settle();

    expect(reads).toHaveLength(4);
    expect(reads.at(-1)).toEqual([1536 * KIB, 2 * MIB]);
    source.copy(new Uint8Array(1), 0, 1);
    await settle();
    expect(reads).toHaveLength(4);
    source.copy(new Uint8Array(512 * KIB), 0, 512 * KIB - 1);
    expect(reads).toHaveLength(5);
  });

  test('is empty and ended for an empty Blob', () => {
    const source = new BlobSource(new Blob([]));
    expect([source.readyBytes, source.totalBytes, source.state]).toEqual([0, 0, 'ended']);
  });

  test('begins anew after restart', async () => {
    const bytes = patternBytes(MIB);
    const source = new BlobSource(new Blob([bytes]));
    await readAll(source, 300 * KIB);

    expect(source.restart()).toBe(true);

    expect(source.state).toBe('open');
    expect(Buffer.compare(await readAll(source, 300 * KIB), bytes)).toBe(0);
  });

  test('drops what a read brings that was under way before a restart', async () => {
    const bytes = patternBytes(100 * KIB);
    const whole = new Blob([bytes]);
    const releases: (() => void)[] = [];
    const source = new BlobSource({
      size: whole.size,
      slice: (start, end) => ({
        arrayBuffer: async () => {
          await new Promise<void>((resolve) => releases.push(resolve));
          return whole.slice(start, end).arrayBuffer();
        },
      }),
    });
    source.pull();
    source.restart();
    source.pull();
    expect(source.readyBytes).toBe(0);

    for (const release of releases) release();
    await settle();

    expect(releases).toHaveLength(2);
    expect(source.readyBytes).toBe(bytes.length);
    expect(Buffer.compare(await readAll(source, bytes.length), bytes)).toBe(0);
  });

  test('fails with what the read failed with, and tells', async () => {
    const error = new Error('the file is gone');
    const source = new BlobSource({ size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(error) }) });
    let isTold = false;
    source.onReady = () => {
      isTold = true;
    };

    source.pull();
    await settle();

    expect([source.state, source.error, isTold]).toEqual(['failed', error, true]);
  });

  test('fails when it gets fewer bytes than it asked for: the file was cut short', async () => {
    const source = new BlobSource({
      size: 10,
      slice: () => ({ arrayBuffer: () => Promise.resolve(new ArrayBuffer(9)) }),
    });

    source.pull();
    await settle();

    expect(source.state).toBe('failed');
    expect(String(source.error)).toContain('9 bytes instead of 10');
  });

  test('tells of a read that fails within the call after it, not from inside', async () => {
    const error = new TypeError('arrayBuffer is not a function');
    const source = new BlobSource({
      size: 10,
      slice: () => {
        throw error;
      },
    });
    let isTold = false;
    source.onReady = () => {
      isTold = true;
    };

    source.pull();

    expect([isTold, source.state]).toEqual([false, 'open']);
    await settle();
    expect([isTold, source.state, source.error]).toEqual([true, 'failed', error]);
  });

  test('fails for a file that changed on disk meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'blob-source-'));
    const path = join(folder, 'file');
    await writeFile(path, patternBytes(MIB));
    const source = new BlobSource(await openAsBlob(path));
    await writeFile(path, patternBytes(2 * MIB));

    source.pull();

    await vi.waitFor(() => {
      expect(source.state).toBe('failed');
    });
    expect(source.error).toMatchObject({ name: 'NotReadableError' });
    await rm(folder, { recursive: true });
  });

  test.each([1, 64 * KIB, 512 * KIB])('reads a Blob of %i bytes in one go', async (size) => {
    const { blob, reads } = watched(patternBytes(size));
    const source = new BlobSource(blob);

    source.pull();
    await vi.waitFor(() => {
      expect(source.state).toBe('ended');
    });

    expect([source.readyBytes, reads]).toEqual([size, [[0, size]]]);
  });

  test('reads no more once it is released', async () => {
    const { blob, reads } = watched(patternBytes(8 * MIB));
    const source = new BlobSource(blob);
    source.pull();

    source.release();
    await settle();

    expect(source.readyBytes).toBe(0);
    expect(reads).toHaveLength(1);
  });
});

test('a Blob that is read by slices is not kept', async () => {
  const blob: BlobLike = {
    size: 64 * MIB,
    slice: (start, end) => ({ arrayBuffer: () => Promise.resolve(new ArrayBuffer(end - start)) }),
  };
  const before = bufferBytes();
  const source = new BlobSource(blob);
  const target = new Uint8Array(64 * KIB);
  for (let at = 0; at < 60 * MIB;) {
    while (source.readyBytes === 0) {
      source.pull();
      await settle();
    }
    const count = Math.min(target.length, source.readyBytes);
    source.copy(target, 0, count);
    at += count;
  }
  expect(bufferBytes() - before).toBeLessThan(8 * MIB);
  // It is still being read.
  expect(source.state).toBe('open');
});
