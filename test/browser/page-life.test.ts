import { describe, expect, onTestFinished, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { ChunkSocket, ChunkSocketOptions } from '../../src/index.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { collect, openSocket, sha256, startRig } from './page.ts';

const MIB = 1024 * 1024;

/** A wait of an hour after each loss: what comes back sooner was called back. */
const patient: ChunkSocketOptions = { retryBaseMs: 3_600_000, retryMaxMs: 3_600_000, random: () => 0.999 };

/** Overrides a property of the page for one test. */
function pretend<Target extends object>(target: Target, name: keyof Target & string, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, get: () => value });
  onTestFinished(() => {
    Reflect.deleteProperty(target, name);
  });
}

function hide(isHidden: boolean): void {
  pretend(document, 'hidden', isHidden);
  document.dispatchEvent(new Event('visibilitychange'));
}

async function openPatient(url: string): Promise<ChunkSocket> {
  const socket = openSocket(url, patient);
  await socket.send('hello').delivered;
  return socket;
}

describe('a page', () => {
  test.each([
    ['comes online', () => window.dispatchEvent(new Event('online'))],
    [
      'is shown again',
      () => {
        hide(true);
        hide(false);
      },
    ],
    ['comes back from the cache', () => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))],
    ['is thawed', () => document.dispatchEvent(new Event('resume'))],
  ])('that %s reconnects at once', async (_name, wake) => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);
    const retries = collect(socket, 'retry');
    const resumes = collect(socket, 'resume');
    await commands.cutConnections(rig.id, 'rst');
    const { delayMs } = await retries.next();

    wake();

    await resumes.next();
    expect(delayMs).toBeGreaterThan(3_500_000);
    await socket.send('back').delivered;
  });

  test('that is only hidden does not hurry', async () => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);
    const retries = collect(socket, 'retry');
    await commands.cutConnections(rig.id, 'rst');
    await retries.next();

    hide(true);

    expect(socket.status).toBe('reconnecting');
    hide(false);
    await socket.send('back').delivered;
    expect(await commands.readLog(rig.id, 'connection')).toHaveLength(2);
  });

  test('that says it is offline waits for the longest time, but is not believed for ever', async () => {
    const rig = await startRig();
    const socket = openSocket(rig.url, { retryBaseMs: 1, retryMaxMs: 150 });
    const retries = collect(socket, 'retry');
    await socket.send('hello').delivered;
    pretend(navigator, 'onLine', false);

    await commands.cutConnections(rig.id, 'rst');
    const { delayMs } = await retries.next();
    await socket.send('back').delivered;

    expect(delayMs).toBe(150);
  });

  test('that goes into the back/forward cache closes its connection, and resumes when it is back', async () => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);
    const resumes = collect(socket, 'resume');
    const waiting = socket.send(new Blob([patternBytes(4 * MIB)]));

    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    expect(socket.status).toBe('reconnecting');
    await commands.waitForLog(rig.id, 'closed', 1);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await waiting.delivered;

    await resumes.next();
    expect(await commands.countSessions(rig.id)).toBe(1);
    const [, received] = await commands.takeMessages(rig.id, 2);
    expect(received?.sha256).toBe(await sha256(patternBytes(4 * MIB)));
  });

  test('that goes for good, or is only left, is not disturbed', async () => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);

    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }));
    window.dispatchEvent(new Event('offline'));

    expect(socket.status).toBe('open');
    await socket.send('still here').delivered;
  });

  test('that is hidden sends and takes big messages without its timers', async () => {
    const rig = await startRig({ isEcho: true });
    hide(true);
    const socket = openSocket(rig.url);
    const messages = collect(socket, 'message');
    const bytes = patternBytes(4 * MIB);

    const upload = socket.send(bytes);
    const { data } = await messages.next();
    await upload.delivered;

    expect(await sha256(data as ArrayBuffer)).toBe(await sha256(bytes));
    hide(false);
    await socket.send('shown').delivered;
  });

  test('that wakes with its connection up is asked for a sign of life, and is not disturbed', async () => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);
    const { sentPackets, receivedPackets } = socket.stats();

    window.dispatchEvent(new Event('online'));
    await socket.send('goes on').delivered;

    expect(socket.stats().sentPackets).toBeGreaterThan(sentPackets + 1);
    expect(socket.stats().receivedPackets).toBeGreaterThan(receivedPackets);
    expect(socket.stats().connections).toBe(1);
  });

  test('keeps no listener of a socket that is closed', async () => {
    const rig = await startRig();
    const socket = await openPatient(rig.url);
    await socket.close();
    const opened = await commands.readLog(rig.id, 'connection');

    window.dispatchEvent(new Event('online'));
    hide(true);
    hide(false);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await openPatient(rig.url);

    expect(socket.status).toBe('closed');
    expect(await commands.readLog(rig.id, 'connection')).toHaveLength(opened.length + 1);
  });
});
