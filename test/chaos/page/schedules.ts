import { ChunkSocket } from '../../../src/index.ts';
import { ChaosEnd } from '../chaos-end.ts';
import { makePlan } from '../make-plan.ts';
import type { ScheduleKind } from '../plan.ts';
import type { EndReport } from '../report.ts';
import { scaledClock } from '../scaled-clock.ts';

/** Names a schedule, and where its faults are. */
export interface ScheduleArgs {
  readonly seed: number;
  readonly index: number;
  readonly url: string;
}

interface Running {
  readonly socket: ChunkSocket<'arraybuffer' | 'uint8array' | 'blob'>;
  readonly end: ChaosEnd;
}

/** In these a close may carry a code by which an application means "no". */
const ANY_CODE_KINDS: readonly ScheduleKind[] = ['closes', 'limit', 'silent-limit', 'leave', 'mixed'];

const running = new Map<number, Running>();

/** The schedules that run in the page; each is a socket of its own. */
export const scheduleCommands = {
  /** Begins one, and returns when all that was sent is settled and all that must come has come. */
  async begin({ seed, index, url }: ScheduleArgs): Promise<void> {
    const { kind, timeScale, binaryType, maxPacketBytes, isEager, page, server } = makePlan(seed, index);
    const end = new ChaosEnd(page, server);
    const socket = new ChunkSocket(({ route }) => `${url}/?route=${route ?? ''}`, {
      binaryType,
      maxPacketBytes,
      retryBaseMs: 5 * timeScale,
      retryMaxMs: 60 * timeScale,
      connectTimeoutMs: 2000 * timeScale,
      heartbeatMs: timeScale === 1 ? 20_000 : 4000,
      rememberLimits: 'none',
      clock: scaledClock(timeScale),
      ...(ANY_CODE_KINDS.includes(kind) ? { shouldRetry: () => true } : {}),
    });
    running.set(index, { socket, end });
    follow(socket, end);
    if (isEager) {
      end.attach(socket);
    } else {
      socket.once('open', () => {
        end.attach(socket);
      });
    }
    await end.run();
  },

  /** Ends one in order, and returns what it saw. */
  async finish({ index, isCloser }: { readonly index: number; readonly isCloser: boolean }): Promise<EndReport> {
    const { socket, end } = running.get(index) as Running;
    // As long as it may take where time passes faster.
    if (isCloser) void socket.close(1000, 'done', { drainMs: 1_000_000 });
    await end.over();
    running.delete(index);
    return end.report();
  },

  /** Ends one that hangs, and returns what it saw and what it waits for. */
  abandon({ index }: { readonly index: number }): EndReport | undefined {
    const found = running.get(index);
    if (found === undefined) return undefined;
    running.delete(index);
    const { socket, end } = found;
    if (!end.isDone) end.notes.problem(`the page waits: ${end.unfinished}`);
    end.notes.add(`status ${socket.status}`);
    const report = end.report();
    void socket.close(1000, '', { drainMs: 0 });
    return report;
  },
};

function follow(socket: Running['socket'], end: ChaosEnd): void {
  socket.on('retry', ({ attempt, delayMs, close: { code, reason, wasClean }, wasOpen }) => {
    end.countClose(code);
    const how = `${wasClean ? '' : 'not '}clean, ${wasOpen ? 'was open' : 'never open'}`;
    end.notes.add(`lost: ${code} ${reason} (${how}); try ${attempt} in ${delayMs.toFixed(0)}`);
  });
  socket.on('resume', ({ resentBytes, connections }) => {
    end.notes.add(`resumed: ${resentBytes} bytes again, connection ${connections}`);
  });
  socket.on('open', () => {
    end.notes.add('open');
  });
  socket.on('lost', ({ session }) => {
    end.lost(session);
  });
  socket.on('close', ({ code, reason, wasClean, error }) => {
    end.ended(`${code} ${reason}${wasClean ? '' : ', not clean'}${error === undefined ? '' : `: ${error.message}`}`);
  });
}
