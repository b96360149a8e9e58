import { describe, expect, test } from 'vitest';
import { decodePacket, encodeAck } from '../../src/protocol/packet.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { messageFrame } from '../support/raw-peer.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { collect, openScripted } from './support.ts';
import type { Scripted } from './support.ts';

/** Packets of the client that ask for an answer and carry nothing. */
function probes(connection: ScriptedSocket): number {
  return connection.packets.filter((bytes) => {
    const packet = decodePacket(bytes);
    return typeof packet === 'object' && packet.kind === 'stream' && packet.ackNow && packet.slice.length === 0;
  }).length;
}

/** Time goes by in steps, as on a machine that does not sleep. */
async function pass({ clock }: Scripted, ms: number, meanwhile: () => void = () => undefined): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    meanwhile();
    await settle();
  }
}

describe('the heartbeat', () => {
  test('asks for a sign of life after heartbeatMs of silence, and not before', async () => {
    const scripted = openScripted({ heartbeatMs: 20_000 });
    const connection = await scripted.server.accept();

    await pass(scripted, 19_500);
    const before = probes(connection);
    await pass(scripted, 500);

    expect([before, probes(connection)]).toEqual([0, 1]);
  });

  test('is content with any answer', async () => {
    const scripted = openScripted({ heartbeatMs: 20_000 });
    const retries = collect(scripted.socket, 'retry');
    const connection = await scripted.server.accept();
    let answered = 0;

    await pass(scripted, 120_000, () => {
      if (probes(connection) > answered) {
        answered = probes(connection);
        connection.ack();
      }
    });

    expect(retries.items).toEqual([]);
    expect(answered).toBeGreaterThan(3);
    expect(answered).toBeLessThan(8);
  });

  test('finds a half-open connection, and comes back', async () => {
    const scripted = openScripted({ heartbeatMs: 20_000 });
    const { socket, server, clock } = scripted;
    const retries = collect(socket, 'retry');
    const connection = await server.accept();

    await pass(scripted, 33_000);

    expect(retries.items).toMatchObject([{ close: { code: 4908, wasClean: false }, wasOpen: true }]);
    expect(connection.closedWith).toMatchObject({ code: 4908 });
    clock.advance(1000);
    await server.accept();
    expect(socket.status).toBe('open');
  });

  test('is not needed where something comes in', async () => {
    const scripted = openScripted({ heartbeatMs: 20_000 });
    const { socket, server } = scripted;
    socket.on('message', () => undefined);
    const connection = await server.accept();

    await pass(scripted, 60_000, () => {
      connection.stream(messageFrame('tick'));
    });

    expect(probes(connection)).toBe(0);
  });

  test('of 0 is none', async () => {
    const scripted = openScripted({ heartbeatMs: 0 });
    const retries = collect(scripted.socket, 'retry');
    const connection = await scripted.server.accept();

    await pass(scripted, 600_000);

    expect(probes(connection)).toBe(0);
    expect(retries.items).toEqual([]);
  });
});

describe('bytes that are not acknowledged', () => {
  test('for ten seconds are a stall: the connection is given up without waiting for its close', async () => {
    const scripted = openScripted();
    const { socket, server, clock } = scripted;
    const retries = collect(socket, 'retry');
    const connection = await server.accept();
    const transfer = socket.send('into the void');
    await settle();

    await pass(scripted, 12_000);

    expect(retries.items).toMatchObject([{ close: { code: 4908 } }]);
    clock.advance(1000);
    server.isAcking = true;
    await server.accept();
    await transfer.delivered;
    connection.end(1008, 'late news of the old connection', true);
    expect(socket.status).toBe('open');
  });

  test('are none while the buffer below runs down: a throttled link is slow, not dead', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const retries = collect(socket, 'retry');
    const connection = await server.accept();
    socket.send(patternBytes(200_000));
    await settle();
    connection.bufferedAmount = 100_000;

    await pass(scripted, 60_000, () => {
      connection.bufferedAmount -= 500;
    });

    expect(retries.items).toEqual([]);
  });

  test('are none where credit is what is missing', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const retries = collect(socket, 'retry');
    const connection = (await server.next()).accept({ initialChannelCredit: 16_384 });
    const transfer = socket.send(patternBytes(100_000));
    await settle();

    await pass(scripted, 60_000, () => {
      connection.deliver(encodeAck(false, server.received));
    });

    expect(retries.items).toEqual([]);
    expect(transfer.state).toBe('sending');
  });
});

describe('a machine that slept', () => {
  test('asks first, and gives nothing up', async () => {
    const scripted = openScripted();
    const { socket, server, clock } = scripted;
    const retries = collect(socket, 'retry');
    const connection = await server.accept();
    await pass(scripted, 2000);
    const before = probes(connection);

    // One timer that fires an hour late.
    const { delaysMs } = clock;
    expect(delaysMs.length).toBeGreaterThan(0);
    clock.sleep(3_600_000);
    await settle();

    expect(retries.items).toEqual([]);
    expect(probes(connection)).toBe(before + 1);
    connection.ack();
    await pass(scripted, 5000);
    expect(retries.items).toEqual([]);
  });
});
