import { describe, expect, test } from 'vitest';
import type { Incoming } from '../../src/index.ts';
import { last, readAll, start, tellings, whole } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import type { Inbox } from '../support/inbox.ts';
import { collect, openScripted } from './support.ts';
import type { Scripted } from './support.ts';
import type { ScriptedSocket } from './scripted-server.ts';

interface Opened extends Scripted {
  readonly told: Inbox<Incoming>;
  connection: ScriptedSocket;
}

async function open(): Promise<Opened> {
  const scripted = openScripted();
  return { ...scripted, told: tellings<Incoming>(scripted.socket), connection: await scripted.server.accept() };
}

/** The server loses the session; a new one is up when this returns. */
async function lose(opened: Opened): Promise<void> {
  const { connection, server, clock } = opened;
  connection.end();
  clock.advance(1000);
  const next = (await server.next()).forget();
  await settle();
  opened.connection = next.answer();
  await settle();
}

describe('when the session is lost', () => {
  test('what is unread of it comes before what follows on its channel, and holds up no other channel', async () => {
    const opened = await open();
    const { told } = opened;
    opened.connection.stream(whole('one'), whole('two'), whole('other', { channel: 1, name: 'c' }));
    const [first, other] = await told.take(2);
    const stream = (first as Incoming).stream();
    expect(await other?.text()).toBe('other');
    await lose(opened);
    opened.connection.stream(whole('three'), whole('more', { channel: 1, name: 'c' }));
    expect(await (await told.next()).text()).toBe('more');
    await settle();
    expect(told.items).toEqual([]);
    expect((await readAll(stream)).toString()).toBe('one');
    expect(await (await told.next()).text()).toBe('two');
    expect(await (await told.next()).text()).toBe('three');
  });

  test('that holds for the listeners of message, too, and over several losses', async () => {
    const opened = await open();
    const { told, socket } = opened;
    opened.connection.stream(whole('one'), whole('two'));
    const stream = (await told.next()).stream();
    await lose(opened);
    opened.connection.stream(whole('three'));
    await lose(opened);
    opened.connection.stream(start('fo', { text: true }));
    const messages = collect(socket, 'message');
    await settle();
    expect(messages.items).toEqual([]);
    opened.connection.stream(last('ur'), whole('other', { channel: 1, name: 'c' }));
    expect((await messages.next()).data).toBe('other');
    await settle();
    expect(messages.items).toEqual([]);
    expect((await readAll(stream)).toString()).toBe('one');
    expect((await messages.take(3)).map(({ data }) => data)).toEqual(['two', 'three', 'four']);
  });

  test('a channel whose message was half here goes on at once', async () => {
    const opened = await open();
    const { told } = opened;
    opened.connection.stream(start('half'));
    const half = (await told.next()).stream();
    await lose(opened);
    opened.connection.stream(whole('next'));
    expect(await (await told.next()).text()).toBe('next');
    await expect(readAll(half)).rejects.toMatchObject({ by: 'session-ended' });
  });

  test('what nobody has taken yet still can be, or is handed over', async () => {
    const opened = await open();
    const { told, socket } = opened;
    opened.connection.stream(whole('one'), whole('two', { channel: 1, name: 'c' }));
    const [one, two] = await told.take(2);
    await lose(opened);
    expect(await one?.text()).toBe('one');
    const messages = collect(socket, 'message');
    expect((await messages.next()).data).toBe('two');
    await expect(two?.text()).rejects.toThrow(TypeError);
    opened.connection.stream(whole('three', { channel: 1, name: 'c' }));
    expect((await messages.next()).data).toBe('three');
  });

  test('what is read of the old one tells the new server nothing', async () => {
    const opened = await open();
    const { told, socket } = opened;
    opened.connection.stream(whole(10_000), start(6000, { channel: 1, name: 'c' }));
    const [one, half] = await told.take(2);
    const stream = (one as Incoming).stream();
    await lose(opened);
    const before = opened.connection.slices.length;
    await readAll(stream);
    half?.reject('no');
    await settle();
    expect(opened.connection.slices).toHaveLength(before);
    expect(socket.status).toBe('open');
  });
});
