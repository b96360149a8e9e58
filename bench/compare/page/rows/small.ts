import type { Job, Samples } from '../../shared/job.ts';
import { alternate, secondsOf } from '../alternate.ts';
import type { Connection } from '../connections/connection.ts';
import { cpuOf } from '../cpu.ts';
import { tellProgress } from '../progress.ts';
import { command, receiveAll, sendAll } from '../talk.ts';

/** Many small messages at once, up. */
export function burstUp(job: Job, count: number, bytes: number): Promise<Samples> {
  const data = new ArrayBuffer(bytes);
  return alternate(job, (connection) =>
    secondsOf(() =>
      sendAll(connection, count, count * bytes, () => {
        for (let sent = 0; sent < count; sent++) connection.send(data);
      }),
    ),
  );
}

/** Many small messages at once, down. */
export function burstDown(job: Job, count: number, bytes: number): Promise<Samples> {
  return alternate(job, (connection) => secondsOf(() => receiveAll(connection, count, bytes)));
}

/** Small messages at a steady pace, each sent in a task of its own: processor time for each second of it. */
export function steady(job: Job, perSecond: number, seconds: number, bytes: number): Promise<Samples> {
  const data = new ArrayBuffer(bytes);
  const count = perSecond * seconds;
  return alternate(job, async (connection) => {
    const before = await cpuOf();
    await sendAll(connection, count, count * bytes, () => {
      void pace(count, perSecond, () => {
        connection.send(data);
      });
    });
    const after = await cpuOf();
    tellProgress();
    const [pageMs, browserMs, serverMs] = (['pageMs', 'browserMs', 'serverMs'] as const).map(
      (name) => (after[name] - before[name]) / seconds,
    ) as [number, number, number];
    return { '': pageMs + serverMs, page: pageMs, browser: browserMs, server: serverMs };
  });
}

/** Calls `act` so often, each time in a task of its own, as evenly as timers allow. */
function pace(count: number, perSecond: number, act: () => void): Promise<void> {
  const channel = new MessageChannel();
  const startMs = performance.now();
  let done = 0;
  return new Promise((resolve) => {
    const dueBy = (): number => Math.min(count, ((performance.now() - startMs) * perSecond) / 1000);
    channel.port1.onmessage = () => {
      act();
      done++;
      if (done === count) resolve();
      else if (done < dueBy()) channel.port2.postMessage(0);
      else wait();
    };
    const wait = (): void => {
      setTimeout(() => {
        if (done < dueBy()) channel.port2.postMessage(0);
        else wait();
      }, 1);
    };
    wait();
  });
}

/** One small message there and back at a time: the median, in ms. */
export function roundTrip(job: Job, count: number, bytes: number): Promise<Samples> {
  return alternate(job, (connection) => medianRoundTrip(connection, count, bytes));
}

function medianRoundTrip(connection: Connection, count: number, bytes: number): Promise<number> {
  const data = new ArrayBuffer(bytes);
  const times: number[] = [];
  let sentAtMs = 0;
  return new Promise((resolve) => {
    const send = (): void => {
      sentAtMs = performance.now();
      connection.send(data);
    };
    connection.onMessage = () => {
      times.push(performance.now() - sentAtMs);
      if (times.length < count) {
        // In a task of its own.
        setTimeout(send);
        return;
      }
      times.sort((a, b) => a - b);
      resolve(times[Math.floor(count / 2)] ?? NaN);
    };
    command(connection, { kind: 'echo', count });
    send();
  });
}
