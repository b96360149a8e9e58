import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Program } from '../support/program.ts';

/** Debian's, which has the libraries that its packages brought. */
const PYTHON = '/usr/bin/python3';

const commands = {
  'Python websockets': [PYTHON, 'websockets_relay.py'],
  tornado: [PYTHON, 'tornado_relay.py'],
  'a relay that drops': [process.execPath, 'dropping-relay.mjs'],
} as const;

/** Names the relay. */
export type RelayName = keyof typeof commands;

export const RELAYS = Object.keys(commands) as readonly RelayName[];

/** Starts a relay that takes messages up to a limit, in both directions; it is stopped when the test is over. */
export async function startRelay(name: RelayName, upstreamPort: number, limitBytes: number): Promise<string> {
  const [command, file] = commands[name];
  const script = fileURLToPath(new URL(file, import.meta.url));
  const relay = Program.start(command, [script, `ws://127.0.0.1:${upstreamPort}`, String(limitBytes)]);
  onTestFinished(async ({ task }) => {
    await relay.stop();
    if (task.result?.state === 'fail') console.error(`--- ${name} said:\n${relay.output}`);
  });
  return `ws://127.0.0.1:${await relay.firstLine()}`;
}
