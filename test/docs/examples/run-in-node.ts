import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '../../proxies/support/free-port.ts';
import { ROOT } from '../markdown.ts';

const PORTS = 3;

/**
 * Runs a bundle in a process of its own: what it opens ends with it, and what it does not catch fails it.
 *
 * @param signal - ends it, where it does not end by itself
 * @returns what it wrote on stderr, and how it ended; empty when it came to its end
 */
export async function runInNode(bundle: string, signal: AbortSignal): Promise<string> {
  const ports = await freePorts(PORTS);
  const script = `await import(${JSON.stringify(bundle)}); process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, EXAMPLE_PORTS: ports.join(), NODE_OPTIONS: '' },
  });
  let output = '';
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString();
  });
  const kill = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', kill);
  return code === 0 ? '' : `${output}\nThe example ended with exit code ${String(code)}.`;
}
