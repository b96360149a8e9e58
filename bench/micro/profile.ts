import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';

const SAMPLE_EVERY_MICROSECONDS = 200;

/** Runs `task`, and writes where its time went to a file that Chromium's developer tools open. */
export async function profiled<T>(path: string, task: () => T): Promise<T> {
  const inspector = new Session();
  inspector.connect();
  try {
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_MICROSECONDS });
    await inspector.post('Profiler.start');
    const result = task();
    const { profile } = await inspector.post('Profiler.stop');
    await writeFile(path, JSON.stringify(profile));
    return result;
  } finally {
    inspector.disconnect();
  }
}
