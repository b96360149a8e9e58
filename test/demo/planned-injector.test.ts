import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';

/** The part that is used. The demo builds on the tests, so its types cannot be seen from here. */
interface Injector extends AsyncDisposable {
  readonly proxy: { readonly url: string; readonly log: readonly { readonly what: string; readonly detail: string }[] };
  lost(code: number): void;
}

interface InjectorClass {
  start(options: object): Promise<Injector>;
}

const path = new URL('../../demo/planned-injector.ts', import.meta.url).href;
const { PlannedInjector } = (await import(/* @vite-ignore */ path)) as { PlannedInjector: InjectorClass };

const MIB = 1024 * 1024;

async function start(): Promise<Injector> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  const { port } = wss.address() as AddressInfo;
  const injector = await PlannedInjector.start({
    targetPort: port,
    limitBytes: 3 * MIB,
    totalBytes: 4 * MIB,
    badGatewayCode: 1014,
  });
  onTestFinished(async () => {
    await injector[Symbol.asyncDispose]();
    wss.close();
  });
  return injector;
}

/** The status of a handshake that is refused, or the code by which the connection ends when so much is sent. */
async function outcomeOf({ proxy }: Injector, bytes: number): Promise<string> {
  const socket = new WebSocket(proxy.url);
  socket.on('error', () => undefined);
  const refused = new Promise<string>((resolve) => {
    socket.once('unexpected-response', (_, { statusCode }) => {
      resolve(`HTTP ${statusCode ?? 0}`);
    });
  });
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code) => {
      resolve(String(code));
    });
  });
  socket.once('open', () => {
    socket.send(new Uint8Array(bytes));
  });
  return Promise.race([refused, closed]);
}

test('a 1014 that the page did not see is sent again, and nothing goes on before the page has said what it saw', async () => {
  const injector = await start();

  expect(await outcomeOf(injector, 4 * MIB)).toBe('1009');
  expect(await outcomeOf(injector, 3 * MIB)).toBe('1006');
  expect(await outcomeOf(injector, 3 * MIB)).toBe('1014');
  expect(await outcomeOf(injector, MIB)).toBe('HTTP 502');
  expect(await outcomeOf(injector, MIB)).toBe('HTTP 502');
  injector.lost(1006);
  expect(await outcomeOf(injector, MIB)).toBe('1014');
  expect(await outcomeOf(injector, MIB)).toBe('HTTP 502');
  injector.lost(1014);

  const socket = new WebSocket(injector.proxy.url);
  await once(socket, 'open');
  socket.send(new Uint8Array(3 * MIB));
  socket.close(1000);
  expect((await once(socket, 'close'))[0]).toBe(1000);
});

test('where no message has come to the limit, the limit comes down to the messages', async () => {
  const injector = await start();

  const socket = new WebSocket(injector.proxy.url);
  await once(socket, 'open');
  for (const bytes of [MIB / 2, MIB / 2, MIB / 4, MIB / 4 + 1]) socket.send(new Uint8Array(bytes));
  expect((await once(socket, 'close'))[0]).toBe(1009);
  expect(injector.proxy.log.filter(({ what }) => what === 'over-limit').map(({ detail }) => detail)).toEqual([
    `toServer: message 4 of at least ${MIB / 4 + 1} bytes, limit ${MIB / 4}: close-1009`,
  ]);
});
