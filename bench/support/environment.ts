import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** Where figures come from. */
export interface Environment {
  readonly date: string;
  readonly browser: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
}

/** @param executable - path of the browser */
export async function readEnvironment(executable: string): Promise<Environment> {
  const { stdout } = await promisify(execFile)(executable, ['--version']);
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    browser: stdout.trim(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: cpus().length,
    processor: first?.model ?? 'unknown',
    memoryBytes: totalmem(),
  };
}
