import { describe, expect, test } from 'vitest';
import type { Incoming, Transfer } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { controlsIn, frame, last, readAll, start, tellings, whole } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { startServer } from '../support/start-server.ts';
import { catchReports, collect, openScripted, openSocket, outcomeOf } from './support.ts';
import type { Scripted } from './support.ts';
import type { ScriptedSocket } from './scripted-server.ts';

interface Opened extends Scripted {
  readonly connection: ScriptedSocket;
}

async function open(): Promise<Opened> {
  const scripted = openScripted();
  return { ...scripted, connection: await scripted.server.accept() };
}

describe('a listener of incoming', () => {
  test('may send, and abort what it sends', async () => {
    const { socket, server, connection } = await open();
    server.isAcking = true;
    const transfers: Transfer[] = [];
    socket.on('incoming', (message) => {
      transfers.push(socket.send('answer'), socket.send('never'));
      transfers.at(-1)?.abort();
      void message.text();
    });
    connection.stream(whole('one'), whole('two'));
    await settle();
    expect(transfers.map(({ state }) => state)).toEqual(['delivered', 'failed', 'delivered', 'failed']);
  });

  test('may close: what was told can be read', async () => {
    const { socket, connection, clock } = await open();
    const told: Incoming[] = [];
    socket.on('incoming', (message) => {
      told.push(message);
      void socket.close(1000, '', { drainMs: 0 });
      clock.advance(1);
    });
    connection.stream(whole('one'), whole('two', { channel: 1, name: 'c' }));
    await settle();
    expect(socket.status).toBe('closed');
    expect(await Promise.all(told.map((message) => message.text()))).toEqual(['one', 'two']);
  });

  test('may listen for messages: they get what it does not take', async () => {
    const { socket, connection } = await open();
    const got: unknown[] = [];
    socket.once('incoming', () => {
      socket.on('message', ({ data }) => got.push(data));
    });
    connection.stream(whole('one'), whole('two'));
    await settle();
    expect(got).toEqual(['one', 'two']);
  });

  test('may throw after it took the message', async () => {
    const reports = catchReports();
    const { socket, connection } = await open();
    const texts: Promise<string>[] = [];
    socket.on('incoming', (message) => {
      texts.push(message.text());
      throw new Error('broken');
    });
    connection.stream(whole('one'), start('t', { text: true }), last('wo'));
    await settle();
    expect(await Promise.all(texts)).toEqual(['one', 'two']);
    expect(reports).toHaveLength(2);
  });

  test('may read at once, and reject the next one', async () => {
    const { socket, connection } = await open();
    const reads: Promise<unknown>[] = [];
    socket.on('incoming', (message) => {
      if (message.meta === 'no') message.reject('no');
      else reads.push(message.stream().getReader().read());
    });
    connection.stream(whole('one'), whole('two', { meta: 'no' }), whole('three'));
    await settle();
    const values = (await Promise.all(reads)) as { value: Uint8Array }[];
    expect(values.map(({ value }) => Buffer.from(value).toString())).toEqual(['one', 'three']);
    await settle();
    // It was whole long before its turn came.
    expect(controlsIn(connection.slices, 'reject')).toEqual([]);
  });
});

describe('a listener of progress', () => {
  test.each<[string, (message: Incoming) => unknown, string]>([
    [
      'reject',
      (message) => {
        message.reject('enough');
      },
      'failed',
    ],
    ['take the message', (message) => message.text().catch(() => undefined), 'receiving'],
  ])('may %s', async (_name, act, state) => {
    const { socket, connection } = await open();
    const messages = tellings<Incoming>(socket);
    connection.stream(start('one', { text: true }));
    const message = await messages.next();
    let isDone = false;
    message.on('progress', () => {
      if (!isDone) act(message);
      isDone = true;
    });
    connection.stream(frame('two'));
    await settle();
    expect(isDone).toBe(true);
    expect(message.state).toBe(state);
    expect(controlsIn(connection.slices, 'reject')).toHaveLength(state === 'failed' ? 1 : 0);
    connection.stream(last('!'), whole('next'));
    await settle();
    expect(await (await messages.next()).text()).toBe('next');
  });

  test('may close in the middle: the stream fails', async () => {
    const { socket, connection, clock } = await open();
    const messages = tellings<Incoming>(socket);
    connection.stream(start('one'));
    const message = await messages.next();
    const read = readAll(message.stream()).catch((error: unknown) => error);
    message.on('progress', () => {
      void socket.close(1000, '', { drainMs: 0 });
      clock.advance(1);
    });
    connection.stream(frame('two'), last('three'));
    await settle();
    expect(socket.status).toBe('closed');
    // All of it had come.
    expect(String(await read)).toBe('onetwothree');
  });

  test('may send in the middle of what comes', async () => {
    const { socket, connection, server } = await open();
    server.isAcking = true;
    const messages = tellings<Incoming>(socket);
    connection.stream(start('one'));
    const message = await messages.next();
    const sent: Transfer[] = [];
    message.on('progress', () => sent.push(socket.send('more')));
    const taken = message.arrayBuffer();
    connection.stream(last('!'));
    expect((await taken).byteLength).toBe(4);
    await Promise.all(sent.map(({ delivered }) => delivered));
    expect(sent.length).toBeGreaterThan(0);
  });
});

describe('whoever reads a stream', () => {
  test('may send, close and listen between two parts', async () => {
    const { socket, connection, server } = await open();
    server.isAcking = true;
    const told = tellings<Incoming>(socket);
    connection.stream(start('one'));
    const message = await told.next();
    const reading = (async (): Promise<string> => {
      let text = '';
      for await (const part of message.stream()) {
        text += Buffer.from(part).toString();
        void socket.send(part).delivered;
        if (text.length === 6) void socket.close();
      }
      return text;
    })();
    await settle();
    connection.stream(frame('two'));
    await settle();
    expect(socket.status).toBe('closing');
    connection.stream(last('end'));
    expect(await reading).toBe('onetwoend');
  });

  test('may be given up in the middle of a read', async () => {
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(start(0));
    const reader = (await told.next()).stream().getReader();
    const read = reader.read();
    await settle();
    await reader.cancel('enough');
    expect(await read).toEqual({ done: true, value: undefined });
    connection.stream(frame('late'));
    connection.stream(encodeControl({ type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: '' }), whole('next'));
    expect(await (await told.next()).text()).toBe('next');
    expect(controlsIn(connection.slices, 'reject')).toMatchObject([{ reason: 'enough' }]);
  });

  test('may read after the end, and cancel after the end', async () => {
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(whole('one'));
    const message = await told.next();
    const reader = message.stream().getReader();
    expect((await reader.read()).value).toHaveLength(3);
    for (let count = 0; count < 3; count++) expect((await reader.read()).done).toBe(true);
    await reader.cancel('late');
    expect(message.state).toBe('received');
    await settle();
    expect(controlsIn(connection.slices, 'reject')).toEqual([]);
  });

  test('may ask for many parts before there is one', async () => {
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(start(0));
    const reader = (await told.next()).stream().getReader();
    const reads = [reader.read(), reader.read(), reader.read()];
    for (const part of ['a', 'b']) {
      connection.stream(frame(part));
      await settle();
    }
    connection.stream(last(0));
    expect((await Promise.all(reads)).map(({ value }) => value?.length)).toEqual([1, 1, undefined]);
  });

  test('may pipe it on, and split it', async () => {
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(start('one '), frame('two '), last('three'));
    const [left, right] = (await told.next()).stream().tee();
    const text = new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>;
    let piped = '';
    await left.pipeThrough(text).pipeTo(new WritableStream({ write: (part) => void (piped += part) }));
    expect(piped).toBe('one two three');
    expect((await readAll(right)).toString()).toBe('one two three');
  });
});

describe('a source of a message', () => {
  test('may send, abort itself and close the socket from inside a pull', async () => {
    for (const act of ['send', 'abort', 'close'] as const) {
      const { url, server } = await startServer();
      server.on('session', (session) => session.on('message', () => undefined));
      const socket = openSocket(url);
      await socket.send('up').delivered;
      const extra: Transfer[] = [];
      const closes = collect(socket, 'close');
      async function* source(): AsyncGenerator<Uint8Array> {
        for (let count = 0; count < 50; count++) {
          if (count === 10 && act === 'send') extra.push(socket.send('inside'));
          if (count === 10 && act === 'abort') transfer.abort('enough');
          if (count === 10 && act === 'close') void socket.close();
          yield await Promise.resolve(new Uint8Array(10_000));
        }
      }
      const transfer: Transfer = socket.send(source());
      const outcome = await outcomeOf(transfer.delivered);
      if (act === 'abort') expect(outcome).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
      else expect(outcome).toBe('delivered');
      await Promise.all(extra.map(({ delivered }) => delivered));
      expect(extra).toHaveLength(act === 'send' ? 1 : 0);
      if (act === 'close') expect(await closes.next()).toMatchObject({ wasClean: true });
    }
  });
});
