import { benchArgs } from '../../support/chromium-args.ts';
import { runPage } from '../../support/run-page.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { BenchContext } from '../context.ts';
import { readCpuTime } from '../cpu-time.ts';
import { ProfileFolder } from '../profile-folder.ts';
import { CONTENDERS } from '../shared/contender.ts';
import type { Contender } from '../shared/contender.ts';
import type { Job, Samples, Task } from '../shared/job.ts';

/** What stands before the server. */
export interface Path extends AsyncDisposable {
  /** Where the page goes. */
  readonly url: string;
  /** The page has something done on the path. */
  readonly asked?: () => void;
}

/** How a task is run, beyond what it is. */
export interface TaskOptions {
  /** @defaultValue all; in a quick run without those that are neither ours nor raw */
  readonly contenders?: readonly Contender[];
  readonly rounds?: number;
  readonly path?: (port: number) => Promise<Path>;
}

const QUICK: readonly Contender[] = ['chunksocket', 'drop-in', 'raw'];

/** Has the page of a new browser do a task, against a server in a new process. */
export async function runTask(
  context: BenchContext,
  name: string,
  task: Task,
  { contenders = CONTENDERS, rounds = context.rounds, path }: TaskOptions = {},
): Promise<Samples> {
  const { engine, executable, bundles, folder, isQuick, profileFolder, signal } = context;
  const profiles = profileFolder === undefined ? undefined : new ProfileFolder(profileFolder, name);
  await using server = await ServerProcess.start(bundles.server, [], profiles?.serverArguments);
  await using way = await path?.(server.port);
  const job: Job = {
    task,
    url: way?.url ?? `ws://127.0.0.1:${server.port}`,
    contenders: isQuick ? contenders.filter((contender) => QUICK.includes(contender)) : contenders,
    rounds,
    isProfiled: profiles !== undefined,
  };
  const page = { engine, executable, chromiumArgs: benchArgs, script: bundles.page, folder, signal };
  return await runPage<Samples>(page, job, server.ended, {
    asked: (what, { pid }) => (what === 'cpu' ? readCpuTime(server.pid, pid) : way?.asked?.()),
    profiled: (trace) => {
      profiles?.writePage(trace);
    },
  });
}
