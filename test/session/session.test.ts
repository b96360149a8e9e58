import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceError } from '../../src/errors/transfer-errors.ts';
import type { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import { Pair } from '../support/sim/pair.ts';
import type { Side } from '../support/sim/pair.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

describe('Session', () => {
  it('starts in opening, is open with the first handshake, and stays so between connections', () => {
    const pair = new Pair();
    expect(pair.initiator.state.kind).toBe('opening');
    expect(pair.initiator.peerTerms).toBeUndefined();
    pair.connect();
    expect(pair.initiator.state.kind).toBe('open');
    expect(pair.initiator.peerTerms).toMatchObject(pair.acceptor.terms);
    pair.cut();
    expect(pair.initiator.state.kind).toBe('open');
    expect(pair.initiator.nextPacket(0)).toBeUndefined();
    expect(pair.initiator.deadlineMs).toBe(Infinity);
  });

  it('takes messages before the first connection and between connections', () => {
    const pair = new Pair();
    pair.send('initiator', 'early');
    pair.connect().run();
    pair.cut();
    pair.send('initiator', 'late');
    pair.connect().run();
    expect(pair.read('acceptor').map(({ data }) => data)).toEqual(['early', 'late']);
  });

  it('carries text, bytes, nothing, channels and what is said of a message', () => {
    const pair = new Pair().connect();
    const text = 'a \u2028 😀 \ud800';
    pair.send('initiator', text, { meta: { name: 'ü.txt', list: [1, null] } });
    pair.send('initiator', 0, { channel: 'ünïcode \n' });
    pair.send('initiator', '', { meta: null });
    pair.run();
    expect(pair.read('acceptor')).toEqual([
      { data: 'a \u2028 😀 \ufffd', channel: '', meta: { name: 'ü.txt', list: [1, null] }, origin: undefined },
      { data: new Uint8Array(), channel: 'ünïcode \n', meta: undefined, origin: undefined },
      { data: '', channel: '', meta: null, origin: undefined },
    ]);
  });

  it('gives bytes with a buffer of their own', () => {
    const pair = new Pair().connect();
    for (const size of [1, 5000, 100_000]) pair.send('initiator', size);
    pair.run(200);
    for (const { data } of pair.read('acceptor')) {
      expect((data as Uint8Array).byteLength).toBe((data as Uint8Array).buffer.byteLength);
    }
  });

  it('says that effects of writing are due at once', () => {
    const pair = new Pair().connect();
    pair.initiator.close(1000, '', 0, 0);
    pair.initiator.nextPacket(5);
    expect(pair.initiator.deadlineMs).toBe(0);
    pair.collect();
    expect(pair.initiator.deadlineMs).toBeGreaterThan(0);
  });

  it('aborts a message in each state of it, once', () => {
    const pair = new Pair().connect();
    const written = pair.send('initiator', 100);
    pair.write('initiator');
    const started = pair.send('initiator', 100_000);
    pair.write('initiator');
    const queued = pair.send('initiator', 100);
    const last = pair.send('initiator', 'last');
    expect([written, started, queued].map(({ state }) => state)).toEqual(['written', 'started', 'queued']);
    for (const message of [written, started, queued, queued]) pair.abort('initiator', message);
    pair.run(100);
    pair.abort('initiator', last);
    for (const message of [written, started, queued]) expect(pair.failureOf('initiator', message)).toBe('ERR_ABORTED');
    expect(pair.isDelivered('initiator', last)).toBe(true);
    expect(pair.seen('initiator', 'failed')).toHaveLength(3);
    // What was written whole may have been too late to take back.
    expect(pair.read('acceptor').map(({ data }) => data.length)).toEqual([100, 4]);
    expect([pair.initiator.bufferedBytes, pair.initiator.heldBytes]).toEqual([0, 0]);
  });

  it('fails a message whose source fails, and only that one', () => {
    const pair = new Pair().connect();
    const source = new StreamSource();
    const message = pair.send('initiator', 0, { source });
    const next = pair.send('initiator', 'next');
    source.push(new Uint8Array(5000));
    pair.run();
    source.fail(new RangeError('changed'));
    pair.run();
    const [failed] = pair.seen('initiator', 'failed');
    expect(failed).toMatchObject({ message, error: new SourceError(new RangeError('changed')) });
    expect(pair.isDelivered('initiator', next)).toBe(true);
    expect(pair.read('acceptor').map(({ data }) => data)).toEqual(['next']);
  });

  it('resends what was lost, cut anew, and nothing else', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c']) pair.send('initiator', 16_000, { channel });
    pair.write('initiator');
    pair.deliver('initiator', 2);
    const received = pair.acceptor.link.received;
    const lost = pair.initiator.link.streamEnd - received;
    pair.cut();
    pair.connect().run();
    expect(pair.initiator.link.counters.resentBytes).toBe(lost);
    expect(pair.read('acceptor')).toHaveLength(3);
  });

  it('survives any calls in any order, settles each message at most once, and keeps its accounts', () => {
    const sides = fc.constantFrom<Side>('initiator', 'acceptor');
    const call = fc.record({
      side: sides,
      kind: fc.constantFrom(
        ...(['send', 'stream', 'push', 'finish', 'abort', 'write', 'deliver', 'drop', 'garbage', 'read'] as const),
        ...(['cut', 'connect', 'hello', 'early', 'close', 'goAway', 'withdraw', 'settleLast', 'attach'] as const),
        ...(['tick', 'refused', 'fail', 'end'] as const),
      ),
      size: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 40_000 })),
      garbage: fc.uint8Array({ maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 120 }), (calls) => {
        const pair = new Pair({
          acceptor: { terms: { maxMessageBytes: 30_000, poolBytes: 40_000, maxOpenChannels: 3 } },
        });
        const messages: Record<Side, OutgoingMessage[]> = { initiator: [], acceptor: [] };
        const sources: StreamSource[] = [];
        const taken = new Set<OutgoingMessage>();
        const take = (given: OutgoingMessage[]): void => {
          for (const message of given) {
            expect(taken.has(message)).toBe(false);
            taken.add(message);
          }
        };
        for (const { side, kind, size, garbage } of calls) {
          const session = pair[side];
          const some = messages[side][size % Math.max(1, messages[side].length)];
          const source = sources[size % Math.max(1, sources.length)];
          switch (kind) {
            case 'send':
              messages[side].push(pair.send(side, size, { channel: ['', 'a', 'b', 'c'][size % 4] as string }));
              break;
            case 'stream': {
              const stream = new StreamSource(size % 2 === 0 ? undefined : size);
              sources.push(stream);
              messages[side].push(pair.send(side, 0, { source: stream, channel: ['', 'a'][size % 2] as string }));
              break;
            }
            case 'push':
              if (source?.totalBytes === undefined) source?.push(new Uint8Array(size));
              else if (source.state === 'open' && source.readyBytes === 0) {
                source.push(new Uint8Array(source.totalBytes));
                source.end();
              }
              break;
            case 'finish':
              if (size % 3 === 0) source?.fail(new Error('no more'));
              else if (source?.totalBytes === undefined) source?.end();
              break;
            case 'abort':
              if (some !== undefined) pair.abort(side, some);
              break;
            case 'write':
              pair.write(side);
              break;
            case 'deliver':
              pair.deliver(side, size % 8);
              break;
            case 'drop':
              pair.wire[side].splice(0, size % 3);
              break;
            case 'garbage':
              session.receive(garbage, pair.nowMs);
              break;
            case 'read':
              pair.read(side);
              break;
            case 'cut':
              pair.cut({ [side]: size % 2 === 0 ? 1009 : 1006 });
              break;
            case 'connect':
              pair.connect();
              break;
            case 'hello':
              session.counts();
              break;
            case 'early':
              session.openEarly();
              break;
            case 'attach':
              session.attached({ ...pair.acceptor.terms, received: size % 50, streamEnd: size }, pair.nowMs);
              break;
            case 'close':
              session.close(1000, 'over', size, pair.nowMs);
              break;
            case 'goAway':
              pair.acceptor.goAway(size);
              break;
            case 'withdraw':
              take(session.withdraw());
              break;
            case 'settleLast':
              if (size % 5 === 0) session.settleLast(size);
              break;
            case 'tick':
              pair.nowMs += size;
              session.tick(pair.nowMs, size);
              break;
            case 'refused':
              session.noteRefused(1024 + size);
              break;
            case 'fail':
              if (size === 0) session.fail('text-packet');
              break;
            case 'end':
              if (size === 1) take(session.end());
              break;
          }
          pair.collect();
        }
        for (const side of ['initiator', 'acceptor'] as const) {
          take(pair[side].end());
          pair.collect();
          expect([pair[side].bufferedBytes, pair[side].heldBytes]).toEqual([0, 0]);
          const settled = pair.effects[side].flatMap((effect) =>
            effect.kind === 'delivered' || effect.kind === 'failed' ? effect.message : [],
          );
          expect(new Set(settled).size).toBe(settled.length);
          // Settled or given back: one of the two, and nothing else.
          for (const message of messages[side]) expect(settled.includes(message)).toBe(!taken.has(message));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
