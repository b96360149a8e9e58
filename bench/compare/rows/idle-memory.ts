import { measureBare, runScale } from '../../../test/hostile/scale/run-scale.ts';
import type { BenchContext } from '../context.ts';
import { rowResult } from '../result.ts';
import type { RowResult } from '../result.ts';

const KIB = 1024;
const OPTIONS = { connections: 2000, transfers: 1, messageBytes: 256 * KIB, clientProcesses: 2 };

/** What an idle session costs the server over a bare connection of `ws`. */
export async function idleMemory({ output }: BenchContext, name: string): Promise<readonly RowResult[]> {
  const tell = (line: string): void => {
    output.line(`  ${line}`);
  };
  const bare = await measureBare(OPTIONS, tell);
  const { idleSession } = await runScale(OPTIONS, tell);
  const others = { session: idleSession.heldBytes / KIB, 'bare ws': bare.heldBytes / KIB };
  return [
    rowResult(
      {
        ...{ name, title: 'idle session on the server, over a bare ws', unit: 'KiB', others },
        ours: others.session - others['bare ws'],
        samples: { idleSession, bare },
      },
      { of: 'ours', is: 'at most', value: 6 },
    ),
  ];
}
