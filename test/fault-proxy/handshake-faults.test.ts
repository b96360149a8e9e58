import { describe, expect, it } from 'vitest';

import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { endOf, failureOf, openClient, RawClient, startRig } from './rig.ts';

describe('a handshake', () => {
  it.each([404, 413, 502, 503])('is answered with HTTP %i, and the next one passes', async (status) => {
    const { proxy, connect } = await startRig();
    proxy.nextUpgrade({ status });
    const error = await failureOf(openClient(proxy.url));
    expect(error.message).toBe(`Unexpected server response: ${status}`);
    await connect();
    expect(proxy.log.map((entry) => [entry.connection, entry.what, entry.detail])).toContainEqual([
      0,
      'upgrade-answered',
      `HTTP ${status}`,
    ]);
  });

  it('is answered from a queue, in order, and then as it is always', async () => {
    const { proxy, connect } = await startRig();
    proxy.nextUpgrade({ status: 503 }, 2);
    proxy.nextUpgrade({ pass: true });
    proxy.everyUpgrade({ status: 404 });
    expect((await failureOf(openClient(proxy.url))).message).toContain('503');
    expect((await failureOf(openClient(proxy.url))).message).toContain('503');
    await connect();
    expect((await failureOf(openClient(proxy.url))).message).toContain('404');
    proxy.everyUpgrade();
    await connect();
  });

  it('is answered with garbage', async () => {
    const { proxy } = await startRig();
    proxy.nextUpgrade({ garbage: '\u0000\u0001 this is not HTTP\r\n\r\n' });
    expect((await failureOf(openClient(proxy.url))).code).toBe('HPE_INVALID_CONSTANT');
  });

  it('is answered with a wrong accept hash', async () => {
    const { proxy } = await startRig();
    proxy.nextUpgrade({ badAccept: true });
    expect((await failureOf(openClient(proxy.url))).message).toBe('Invalid Sec-WebSocket-Accept header');
  });

  it('hangs until the client gives up', async () => {
    const { proxy, server } = await startRig();
    proxy.nextUpgrade({ hang: true });
    const client = openClient(proxy.url);
    await proxy.waitFor('upgrade-hung');
    expect(client.readyState).toBe(client.CONNECTING);
    const end = endOf(client);
    client.terminate();
    expect((await end).code).toBe(1006);
    await proxy.waitFor('closed');
    expect(server.clients.size).toBe(0);
  });

  it.each(['fin', 'rst'] as const)('is cut by %s', async (cut) => {
    const { proxy } = await startRig();
    proxy.nextUpgrade({ cut });
    expect((await failureOf(openClient(proxy.url))).code).toBe('ECONNRESET');
    await proxy.waitFor('closed');
  });

  it('gets a part of the answer', async () => {
    const { proxy } = await startRig();
    proxy.nextUpgrade({ truncate: 20 });
    expect((await failureOf(openClient(proxy.url))).code).toBe('ECONNRESET');
    await proxy.waitFor('closed');
  });

  it('gets a 502 when the server cannot be reached', async () => {
    const { proxy } = await startRig();
    const free = await FaultProxy.start({ targetPort: 0 });
    await free.stop();
    proxy.targetPort = free.port;
    expect((await failureOf(openClient(proxy.url))).message).toContain('502');
    expect(proxy.log.map((entry) => entry.what)).toContain('upstream-failed');
  });

  it('gets a 502 when everything is closed meanwhile', async () => {
    const { proxy } = await startRig();
    proxy.nextUpgrade({ hang: true });
    const client = openClient(proxy.url);
    const failure = failureOf(client);
    await proxy.waitFor('upgrade-hung');
    proxy.closeAll(1014);
    expect((await failure).message).toContain('502');
  });

  it('passes a refusal of the server', async () => {
    const { proxy, server } = await startRig();
    server.options.verifyClient = (): boolean => false;
    expect((await failureOf(openClient(proxy.url))).message).toContain('401');
    await proxy.waitFor('closed');
  });

  it('loses the offer of extensions, unless they are wanted', async () => {
    const without = await startRig();
    expect((await without.connect()).client.extensions).toBe('');
    const { connect } = await startRig({ keepExtensions: true });
    expect((await connect()).client.extensions).toBe('permessage-deflate');
  });

  it('shows its path to the hook, together with its number', async () => {
    const seen: [string, number][] = [];
    const { proxy } = await startRig({
      onConnection: (connection, index) => {
        seen.push([connection.path, index]);
      },
    });
    await RawClient.open(proxy.port);
    expect(seen).toEqual([['/raw', 0]]);
  });
});
