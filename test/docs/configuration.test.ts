import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ChunkSocket } from '../../src/index.ts';
import { ChunkServer } from '../../src/server.ts';
import { freePort } from '../proxies/support/free-port.ts';
import { Program } from '../proxies/support/program.ts';
import { readPage, readPages, ROOT } from './markdown.ts';
import type { CodeBlock } from './markdown.ts';

const TEXT = 'x'.repeat(300_000);

/** Where a document means a server of its reader, and which process that is. */
const UPSTREAMS = { '127.0.0.1:8080': 'a', '127.0.0.1:8081': 'b' } as const;

/** Two processes of a service, and the addresses at which they are. */
async function startUpstreams(): Promise<{ addresses: Map<string, string>; paths: string[]; cut: () => void }> {
  const addresses = new Map<string, string>();
  const paths: string[] = [];
  const all: WebSocketServer[] = [];
  for (const [documented, route] of Object.entries(UPSTREAMS)) {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 16 * 1024 });
    const server = new ChunkServer({ route });
    server.attach(wss);
    server.on('session', (session) => session.on('message', ({ data }) => session.send(data)));
    wss.on('connection', (_, { url }) => paths.push(`${route} ${url ?? ''}`));
    await once(wss, 'listening');
    onTestFinished(async () => {
      await server.close({ deadlineMs: 0 });
      wss.close();
    });
    all.push(wss);
    addresses.set(documented, `127.0.0.1:${String((wss.address() as AddressInfo).port)}`);
  }
  return {
    addresses,
    paths,
    cut() {
      for (const connection of all.flatMap(({ clients }) => [...clients])) connection.terminate();
    },
  };
}

/** The configuration, with the addresses of the test. */
function adapt(code: string, addresses: ReadonlyMap<string, string>): string {
  let adapted = code;
  for (const [documented, actual] of addresses) adapted = adapted.replaceAll(documented, actual);
  return adapted;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-docs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startNginx(code: string, port: number): Promise<void> {
  const folder = await temporaryFolder();
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    file,
    `daemon off;
pid ${folder}/nginx.pid;
master_process off;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${code.replace('listen 80;', `listen 127.0.0.1:${String(port)};`)}
}
`,
  );
  await start('nginx', ['-c', file, '-e', join(folder, 'error.log')], port);
}

async function startHaproxy(code: string, port: number): Promise<void> {
  const file = join(await temporaryFolder(), 'haproxy.cfg');
  await writeFile(file, code.replace('127.0.0.1:80\n', `127.0.0.1:${String(port)}\n`));
  await start('haproxy', ['-db', '-f', file], port);
}

async function start(command: string, args: readonly string[], port: number): Promise<void> {
  const program = Program.start(command, args);
  onTestFinished(() => program.stop());
  await program.listening(port);
}

const starters = { nginx: startNginx, haproxy: startHaproxy };

function blocksOf(language: string): [string, CodeBlock][] {
  return readPages().flatMap(({ path, blocks }) =>
    blocks
      .filter((block) => block.language === language)
      .map((block): [string, CodeBlock] => [`${path}:${String(block.line)}`, block]),
  );
}

describe.each(Object.entries(starters))('configurations of %s', (language, startProxy) => {
  it.each(blocksOf(language))('%s carries a session, over a cut, to the process that has it', async (_, { code }) => {
    const { addresses, paths, cut } = await startUpstreams();
    const port = await freePort();
    await startProxy(adapt(code, addresses), port);
    const base = `ws://127.0.0.1:${String(port)}/live`;
    const socket = new ChunkSocket(({ route }) => (route === undefined ? base : `${base}?node=${route}`), {
      WebSocket,
      retryBaseMs: 20,
    });
    onTestFinished(() => socket.close(1000, '', { drainMs: 0 }));
    const lost: unknown[] = [];
    socket.on('lost', (event) => lost.push(event));
    const answers: unknown[] = [];
    socket.on('message', ({ data }) => answers.push(data));

    await socket.send(TEXT).delivered;
    const resumed = new Promise((resolve) => socket.once('resume', resolve));
    cut();
    await resumed;
    await socket.send(TEXT).delivered;

    await expect.poll(() => answers.length).toBe(2);
    expect(answers).toEqual([TEXT, TEXT]);
    expect(lost).toEqual([]);
    const [first, ...others] = paths;
    expect(others).toEqual(others.map(() => `${first ?? ''}?node=${(first ?? '').slice(0, 1)}`));
  });
});

describe('code in Python', () => {
  it.each(blocksOf('python'))('%s runs', (_, { code }) => {
    const { status, stdout, stderr } = spawnSync('python3', ['-'], { cwd: ROOT, input: code, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\d\d+ packets/);
  });
});

it('there is something of each', () => {
  for (const language of ['nginx', 'haproxy', 'python']) expect(blocksOf(language), language).not.toEqual([]);
  expect(readPage('docs/guide/deploying.md').blocks.length).toBeGreaterThan(4);
});
