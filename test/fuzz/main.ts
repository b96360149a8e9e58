import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { followedFolders, readCorpus, readFindings, targetFile, writeCorpus, writeFinding } from './corpus-files.ts';
import type { TargetName } from './corpus-files.ts';
import type { Board } from './engine/board.ts';
import { fuzz } from './engine/fuzz.ts';
import type { FuzzReport } from './engine/fuzz.ts';
import { seedsOf } from './seeds.ts';

const SHOW_EVERY_S = 10;

process.exitCode = await main();

async function main(): Promise<number> {
  let commandLine: CommandLine;
  try {
    commandLine = readCommandLine(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
  if (commandLine.isHelp) return 0;
  let count = 0;
  for (const target of commandLine.targets) {
    const report = await fuzzTarget(target, commandLine);
    count += report.findings.length;
  }
  return count === 0 ? 0 : 1;
}

async function fuzzTarget(target: TargetName, { runs, minutes, seed, saves }: CommandLine): Promise<FuzzReport> {
  console.log(`${target}: seed ${seed}`);
  const kept = readCorpus(target);
  let ticks = 0;
  const report = await fuzz({
    targetFile: targetFile(target),
    followed: followedFolders(target),
    seeds: [...readFindings(target).map(({ input }) => input), ...kept, ...seedsOf(target)],
    runs,
    milliseconds: minutes * 60_000,
    seed,
    progress: (board) => {
      if (++ticks % SHOW_EVERY_S === 0) show(target, board);
    },
  });
  for (const finding of report.findings) {
    console.log(`\n${finding.report}\nkept as ${writeFinding(target, finding)}\n`);
  }
  if (saves && report.corpus.length > 0) writeCorpus(target, report.corpus);
  console.log(summaryOf(target, report));
  return report;
}

function show(target: string, board: Board): void {
  const [runs, branches, features] = [board.get('runs'), board.get('branches'), board.get('features')];
  console.error(
    `${target}: ${runs} inputs, ${branches} branches, ${features} features, ${board.get('corpus')} in the corpus`,
  );
}

function summaryOf(target: string, report: FuzzReport): string {
  const { inputs, seconds, branches, branchCount, features, corpus, findings, largestHeapMebibytes } = report;
  return [
    `${target}: ${inputs} inputs in ${seconds.toFixed(0)} s (${Math.round(inputs / seconds)} a second)`,
    `${branches} of ${branchCount} branches (${features} features)`,
    `corpus of ${corpus.length} inputs (${corpus.reduce((sum, { length }) => sum + length, 0)} bytes)`,
    `largest heap ${largestHeapMebibytes.toFixed(0)} MiB`,
    `${findings.length} findings`,
  ].join(', ');
}
