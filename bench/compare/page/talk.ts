import type { Command, Taken } from '../shared/command.ts';
import type { Connection } from './connections/connection.ts';

export function command(connection: Connection, what: Command): void {
  connection.send(JSON.stringify(what));
}

/** The next message that comes. */
export function next(connection: Connection): Promise<ArrayBuffer | string> {
  return new Promise((resolve) => {
    connection.onMessage = resolve;
  });
}

/** Does `send` after a command to take what it sends, and waits until the server has all of it, of that length. */
export async function sendAll(connection: Connection, count: number, length: number, send: () => void): Promise<void> {
  command(connection, { kind: 'take', count });
  const answer = next(connection);
  send();
  const text = await answer;
  if (typeof text !== 'string') throw new Error('Another message came.');
  const taken = JSON.parse(text) as Taken;
  if (taken.length !== length) throw new Error(`The server took ${taken.length} of ${length}.`);
}

/** Asks for so many messages, and waits for all of them. */
export function receiveAll(connection: Connection, count: number, bytes: number): Promise<void> {
  let left = count;
  return new Promise((resolve, reject) => {
    connection.onMessage = (data) => {
      if (typeof data === 'string' || data.byteLength !== bytes) reject(new Error('Another message came.'));
      if (--left === 0) resolve();
    };
    command(connection, { kind: 'give', count, bytes });
  });
}
