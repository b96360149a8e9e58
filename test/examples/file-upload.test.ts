import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle } from 'puppeteer-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { safeName } from '../../examples/file-upload/disk/safe-name.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { ExampleRig } from './rig.ts';

const MIB = 1024 * 1024;

/** The page, files to send from it, and the folder where the server puts them. */
class UploadRig {
  readonly rig: ExampleRig;
  readonly #sources: string;
  readonly #folder: string;

  private constructor(rig: ExampleRig, sources: string, folder: string) {
    this.rig = rig;
    this.#sources = sources;
    this.#folder = folder;
  }

  static async start(...args: Parameters<typeof ExampleRig.start>): Promise<UploadRig> {
    const rig = await ExampleRig.start(...args);
    await rig.untilState('open');
    const folder = /The files go to (.+)/.exec(await rig.nextLine())?.[1] ?? '';
    const sources = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
    onTestFinished(async () => {
      for (const path of [folder, sources]) await rm(path, { recursive: true });
    });
    return new UploadRig(rig, sources, folder);
  }

  /** Makes a file, and picks it in the page. */
  async upload(name: string, content: Uint8Array | { sparseBytes: number }): Promise<void> {
    const path = join(this.#sources, name);
    await writeFile(path, content instanceof Uint8Array ? content : '');
    if (!(content instanceof Uint8Array)) await truncate(path, content.sparseBytes);
    const picker = (await this.rig.page.$('#picker')) as ElementHandle<HTMLInputElement>;
    await picker.uploadFile(path);
  }

  /** What the page says of a file, when it is over with it. */
  async end(name: string): Promise<{ state: string | undefined; text: string }> {
    const row = await this.rig.page.waitForSelector(
      `li:not([data-state="sending"], [data-state="paused"]):has(progress[aria-label="${name}"])`,
    );
    return (
      row?.evaluate((item) => ({
        state: (item as HTMLElement).dataset['state'],
        text: item.querySelector('.row-state')?.textContent ?? '',
      })) ?? { state: undefined, text: '' }
    );
  }

  saved(): Promise<string[]> {
    return readdir(this.#folder);
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.#folder, name));
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const residentBytes = (pid: number): number => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024;

describe('file-upload', () => {
  test('brings files whole to disk over cuts, and keeps none of them in memory', async () => {
    const upload = await UploadRig.start('file-upload');
    const { rig } = upload;
    const big = patternBytes(48 * MIB);
    const small = patternBytes(1000);
    const beforeBytes = residentBytes(rig.pid);

    rig.cutAfter('toServer', 15 * MIB);
    await upload.upload('big.bin', big);
    await upload.upload('small.bin', small);
    expect(await upload.end('small.bin')).toMatchObject({ state: 'saved' });
    const connection = await rig.proxy.waitFor('open', 2);
    expect(connection.connection).toBe(1);
    rig.cutAfter('toServer', 15 * MIB);
    const { state, text } = await upload.end('big.bin');

    expect(state).toBe('saved');
    expect(text).toContain(sha256(big));
    expect(residentBytes(rig.pid) - beforeBytes).toBeLessThan(40 * MIB);
    expect(rig.proxy.connections.length).toBeGreaterThanOrEqual(3);
    const names = await upload.saved();
    expect(names).toHaveLength(2);
    for (const [suffix, content] of [
      ['-big.bin', big],
      ['-small.bin', small],
    ] as const) {
      const saved = names.find((name) => name.endsWith(suffix)) ?? '';
      expect(sha256(await upload.read(saved))).toBe(sha256(content));
    }
    expect(rig.errors).toEqual([]);
  });

  test('a paused file waits, others go on, and nothing is left of one that is cancelled or refused', async () => {
    const upload = await UploadRig.start('file-upload', { bytesPerSecond: 16_000_000 });
    const { page, errors } = upload.rig;

    // What is under way when the server stops reading still comes, and that is at most half of its memory for messages.
    await upload.upload('paused.bin', patternBytes(16 * MIB));
    await page.locator('.pause:not(:disabled)').click();
    await upload.upload('other.bin', patternBytes(16 * MIB));
    expect(await upload.end('other.bin')).toMatchObject({ state: 'saved' });
    const bar = 'progress[aria-label="paused.bin"]';
    expect(await page.$eval(bar, (progress) => progress.value)).toBeLessThan(0.8);
    expect((await upload.saved()).filter((name) => name.endsWith('.part'))).toHaveLength(1);
    await upload.upload('too-big.bin', { sparseBytes: 2 * 1024 * MIB + 1 });
    const refused = await upload.end('too-big.bin');
    expect(refused.state).toBe('failed');
    expect(refused.text).toContain('2147483648');

    await page.locator('.cancel').click();
    expect(await upload.end('paused.bin')).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => upload.saved()).toEqual([expect.stringMatching(/-other\.bin$/)]);
    expect(errors).toEqual([]);
  });

  test.each([
    ['notes.txt', 'notes.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\nul:stream.txt', 'nul_stream.txt'],
    ['.bashrc', 'bashrc'],
    ['..', 'unnamed'],
    ['a\u0000b\u202Egpj.exe', 'a_b_gpj.exe'],
    [`${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(53)}.tar.gz`],
    [undefined, 'unnamed'],
  ])('the name %j becomes %j', (name, safe) => {
    expect(safeName(name)).toBe(safe);
  });
});
