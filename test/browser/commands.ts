import type { BrowserCommand } from 'vitest/node';
import { DIRECTIONS } from '../support/fault-proxy/direction.ts';
import type { CutKind, Direction } from '../support/fault-proxy/direction.ts';
import type { LogEntry, LogKind } from '../support/fault-proxy/fault-log.ts';
import type { CloseManner, MessageLimit } from '../support/fault-proxy/rules.ts';
import type { UpgradeAnswer } from '../support/fault-proxy/upgrade-answer.ts';
import { contractCommands } from './contract-commands.ts';
import type { ContractCommands } from './contract-commands.ts';
import { Rig } from './rig.ts';
import type { ReceivedMessage, RigOptions, ServerSideClose } from './rig.ts';

/** Where a rig is found. */
export interface RigAddress {
  readonly id: number;
  /** Through the proxy. */
  readonly url: string;
  /** The bundle for script tags. */
  readonly scriptUrl: string;
}

/** What a page can ask of the rigs, by `import { commands } from 'vitest/browser'`. Arguments and results are JSON. */
export interface RigCommands {
  startRig(options: RigOptions): Promise<RigAddress>;
  stopRig(id: number): Promise<void>;
  /** The next `count` messages that the server got, when they are there. */
  takeMessages(id: number, count: number): Promise<ReceivedMessage[]>;
  /** What the server got beside those that were taken. */
  peekMessages(id: number): Promise<readonly ReceivedMessage[]>;
  takeServerClose(id: number): Promise<ServerSideClose>;
  /** Sessions that the server made so far. */
  countSessions(id: number): Promise<number>;
  /** Each session sends this to its client. */
  sendToAll(id: number, text: string): Promise<void>;
  sendBytesToAll(id: number, bytes: readonly number[]): Promise<void>;
  /** Each session closes itself. */
  closeSessions(id: number, code: number, reason: string): Promise<void>;
  restartServer(id: number): Promise<void>;
  replaceServer(id: number, deadlineMs: number): Promise<void>;
  limitMessages(id: number, limit: MessageLimit): Promise<void>;
  unlimitMessages(id: number, direction: Direction): Promise<void>;
  closeConnections(id: number, code: number, reason: string, manner?: CloseManner): Promise<void>;
  cutConnections(id: number, how: CutKind): Promise<void>;
  answerNextUpgrades(id: number, answer: UpgradeAnswer, times: number): Promise<void>;
  /** Connections that stand still go on. */
  resumeConnections(id: number): Promise<void>;
  waitForLog(id: number, what: LogKind, count: number): Promise<LogEntry>;
  readLog(id: number, what: LogKind): Promise<LogEntry[]>;
}

declare module 'vitest/browser' {
  // The way that vitest has for commands of one's own.
  interface BrowserCommands extends RigCommands, ContractCommands {}
}

const rigs = new Map<number, Rig>();
let lastId = 0;

const implementation: RigCommands = {
  async startRig(options) {
    const rig = await Rig.start(options);
    const id = ++lastId;
    rigs.set(id, rig);
    const { url, port } = rig.proxy;
    return { id, url: `${url}/live`, scriptUrl: `http://127.0.0.1:${port}/chunksocket.iife.min.js` };
  },
  async stopRig(id) {
    await rigOf(id).stop();
    rigs.delete(id);
  },
  takeMessages: (id, count) => rigOf(id).messages.take(count),
  peekMessages: (id) => Promise.resolve(rigOf(id).messages.items),
  takeServerClose: (id) => rigOf(id).closes.next(),
  countSessions: (id) => Promise.resolve(rigOf(id).sessionCount),
  async sendToAll(id, text) {
    await Promise.all(rigOf(id).sessions.map((session) => session.send(text).delivered));
  },
  async sendBytesToAll(id, bytes) {
    await Promise.all(rigOf(id).sessions.map((session) => session.send(Uint8Array.from(bytes)).delivered));
  },
  async closeSessions(id, code, reason) {
    await Promise.all(rigOf(id).sessions.map((session) => session.close(code, reason)));
  },
  restartServer: (id) => rigOf(id).restart(),
  replaceServer: (id, deadlineMs) => rigOf(id).replace(deadlineMs),
  async limitMessages(id, limit) {
    rigOf(id).proxy.setMessageLimit(limit);
    await Promise.resolve();
  },
  async unlimitMessages(id, direction) {
    rigOf(id).proxy.clearMessageLimit(direction);
    await Promise.resolve();
  },
  async closeConnections(id, code, reason, manner) {
    rigOf(id).proxy.closeAll(code, reason, manner);
    await Promise.resolve();
  },
  async cutConnections(id, how) {
    rigOf(id).proxy.cutAll(how);
    await Promise.resolve();
  },
  async answerNextUpgrades(id, answer, times) {
    rigOf(id).proxy.nextUpgrade(answer, times);
    await Promise.resolve();
  },
  async resumeConnections(id) {
    for (const connection of rigOf(id).proxy.connections) {
      for (const direction of DIRECTIONS) connection.resume(direction);
    }
    await Promise.resolve();
  },
  waitForLog: (id, what, count) => rigOf(id).proxy.waitFor(what, count),
  readLog: (id, what) => Promise.resolve(rigOf(id).proxy.log.filter((entry) => entry.what === what)),
};

function rigOf(id: number): Rig {
  const rig = rigs.get(id);
  if (rig === undefined) throw new Error(`There is no rig ${id}.`);
  return rig;
}

/** The commands as vitest wants them: with a context before the arguments. */
export const commands = Object.fromEntries(
  Object.entries({ ...implementation, ...contractCommands }).map(([name, run]) => [
    name,
    (_context: unknown, ...args: unknown[]) => (run as (...given: unknown[]) => unknown)(...args),
  ]),
) as Record<string, BrowserCommand<never[]>>;
