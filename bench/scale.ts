import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { cac } from 'cac';
import { measureBare, runScale } from '../test/hostile/scale/run-scale.ts';
import type { IdleCost, ScaleOptions, ScaleResult } from '../test/hostile/scale/run-scale.ts';

const DEFAULTS: ScaleOptions = { connections: 10_000, transfers: 1000, messageBytes: 256 << 10, clientProcesses: 2 };

process.exitCode = await main();

async function main(): Promise<number> {
  const cli = cac('npm run scale --');
  cli
    .usage('[options]\n\nHolds many sessions in one server process, and cuts many of them in the middle of a message.')
    .option('--connections <count>', `Sessions (default: ${DEFAULTS.connections})`)
    .option('--transfers <count>', `Those that send a message and are cut (default: ${DEFAULTS.transfers})`)
    .option('--bytes <count>', `Length of each message (default: ${DEFAULTS.messageBytes})`)
    .option('--processes <count>', `Processes of clients (default: ${DEFAULTS.clientProcesses})`)
    .option('--json <file>', 'Write all figures to this file as JSON');
  cli.help();
  const { options } = cli.parse(process.argv, { run: false });
  if (options['help'] === true) return 0;
  const number = (name: string, otherwise: number): number => Number(options[name] ?? otherwise);
  const asked: ScaleOptions = {
    connections: number('connections', DEFAULTS.connections),
    transfers: number('transfers', DEFAULTS.transfers),
    messageBytes: number('bytes', DEFAULTS.messageBytes),
    clientProcesses: number('processes', DEFAULTS.clientProcesses),
  };
  if (!Object.values(asked).every((value) => Number.isInteger(value) && value > 0)) {
    console.error('All counts are whole numbers above 0. See --help.');
    return 1;
  }
  const [processor] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  console.log(`Node ${process.version}, ${cpus().length} x ${processor?.model ?? 'unknown'}, ${memory} GiB`);
  const tell = (line: string): void => {
    console.log(line);
  };
  const bare = await measureBare(asked, tell);
  const result = await runScale(asked, tell);
  report(asked, result, bare);
  const { json } = options as { json?: string };
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify({ ...asked, ...result, idleBareSocket: bare }, undefined, 2)}\n`);
  return isWhole(asked, result) ? 0 : 1;
}

function report({ connections, transfers, messageBytes }: ScaleOptions, result: ScaleResult, bare: IdleCost): void {
  const { idleSession, messages } = result;
  const rows: [string, string][] = [
    ['sessions held by one process', `${result.opened} of ${connections}`],
    ['an idle session: in use', kibibytes(idleSession.heldBytes)],
    ['a bare WebSocket of ws: in use', kibibytes(bare.heldBytes)],
    ['an idle session: resident', kibibytes(idleSession.residentBytes)],
    ['a bare WebSocket of ws: resident', kibibytes(bare.residentBytes)],
    ['connections cut at once', `${result.cut} of ${transfers}`],
    ['of the bytes of their messages there', percent(result.receivedAtCutBytes / (transfers * messageBytes))],
    ['sessions resumed', `${messages.resumed}`],
    ['messages that arrived as they were sent', `${messages.intact} of ${transfers}`],
    ['repeated, damaged', `${messages.repeated}, ${messages.damaged}`],
    ['delivered, failed, as their senders saw it', `${result.delivered}, ${result.failed}`],
    ['from the cut to the last delivery', `${(result.recoveryMs / 1000).toFixed(1)} s`],
    ['clients that still got an answer', `${result.echoed} of ${connections}`],
    ['clients that never lost their connection', `${result.undisturbed} of ${connections - transfers}`],
  ];
  console.log();
  for (const [name, value] of rows) console.log(`${name.padEnd(46)}${value.padStart(18)}`);
}

/** Nothing was lost, doubled or disturbed. */
function isWhole({ connections, transfers }: ScaleOptions, result: ScaleResult): boolean {
  const { messages } = result;
  return (
    result.opened === connections &&
    result.sessionsAtEnd === connections &&
    result.echoed === connections &&
    result.delivered === transfers &&
    messages.intact === transfers &&
    messages.repeated + messages.damaged + result.failed === 0
  );
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}
