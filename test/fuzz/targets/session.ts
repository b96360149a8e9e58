import { MIN_CHANNEL_CREDIT } from '../../../src/protocol/limits.ts';
import type { Terms } from '../../../src/protocol/terms.ts';
import { pack } from '../../../src/protocol/bytes.ts';
import type { Target } from '../engine/target.ts';
import { scriptFrame } from '../frame-script.ts';
import { SessionBench } from '../session/session-bench.ts';
import { Tape } from '../tape.ts';

const MAX_STEPS = 200;
const PACKET_BYTES = [512, 1024, 4096, 16_384, 65_536, 1 << 20, 2 ** 53 - 1] as const;
const CODES = [1006, 1009, 1000, 1001, 1012, 4900, undefined] as const;
const STEPS_MS = [0, 1, 0.3, 5, 20, 21, 100, 999, 1000, 1001, 5000, 10_000, 60_000, 3_600_000] as const;
const DRAIN_MS = [0, 1, 100, 30_000, 2 ** 53 - 1] as const;

/**
 * A whole session, acceptor or initiator, with a peer, an application, a clock and a network that do what the input says:
 * packets as they are, frames that are most often legal, counts that are most often right, and everything that a driver
 * can ask of it.
 */
export const target: Target = {
  maxBytes: 2048,
  tokens: [],
  run(input) {
    const tape = new Tape(input);
    const bench = openBench(tape);
    let unsent = new Uint8Array(0);
    const take = (count: number): Uint8Array => {
      const slice = unsent.subarray(0, count);
      unsent = unsent.slice(count);
      return slice;
    };
    for (let step = 0; step < MAX_STEPS && !tape.isOver && !bench.isOver; step++) {
      tape.cut();
      const what = tape.below(24);
      if (what < 8) {
        const facts = { nextNumber: bench.peerNumbers, openedByOther: bench.view.openedCount, maxPayloadBytes: 20_000 };
        unsent = pack(unsent, scriptFrame(tape, facts)) as Uint8Array<ArrayBuffer>;
        // Most often at once and whole.
        if (what > 0) deliver(bench, tape, take(what > 1 ? Infinity : tape.byte()));
      } else stepOf(what, bench, tape);
      // Sometimes the application and the network are slow.
      if (!tape.bool() || what !== 8)
        bench.flush(bench.session.link.isAttached || what === 20, what === 9 ? 1 : undefined);
    }
    bench.checkTimer();
    bench.finish();
    return tape.cuts;
  },
};

function openBench(tape: Tape): SessionBench {
  const first = tape.byte();
  const second = tape.byte();
  const isAcceptor = (first & 1) > 0;
  const isSmall = (first & 2) > 0;
  const maxMessageBytes = (first & 4) > 0 ? 10_000 : 2 ** 53 - 1;
  const bench = new SessionBench({
    isAcceptor,
    terms: {
      maxPacketBytes: 1 << 20,
      maxMessageBytes,
      initialChannelCredit: MIN_CHANNEL_CREDIT,
      poolBytes: isSmall ? 20_000 : 200_000,
      maxOpenChannels: isSmall ? 3 : 16,
    },
    maxWholeBytes: isSmall ? 10_000 : 100_000,
    maxPacketBytes: (first & 8) > 0 ? 512 : 1 << 20,
    startPacketBytes: (first & 16) > 0 ? 700 : 16_384,
    remembered:
      (first & 32) > 0 ? { floor: tape.integer(), ceiling: tape.integer(), provisional: tape.bool() } : undefined,
    heartbeatMs: (first & 64) > 0 ? 20_000 : 0,
  });
  bench.session.link.isTimerThrottled = (second & 1) > 0;
  if ((second & 2) > 0) bench.outgoing.send(tape, bench.nowMs);
  if (!isAcceptor && (second & 4) > 0) {
    bench.openEarly();
    bench.flush();
  }
  if ((second & 8) === 0) attach(bench, tape);
  bench.flush(bench.session.link.isAttached);
  return bench;
}

/** 8 to 23: whatever is not a frame of the peer. */
function stepOf(what: number, bench: SessionBench, tape: Tape): void {
  const { session, outgoing, reader, nowMs } = bench;
  switch (what) {
    case 8:
    case 9:
      outgoing.send(tape, nowMs);
      break;
    case 10:
      deliver(bench, tape, new Uint8Array(0));
      break;
    case 11:
      bench.receive(tape.bytes(tape.below(48)));
      break;
    case 12:
      bench.tick(tape.pick(STEPS_MS), tape.bool() ? tape.integer() : 0);
      break;
    case 13:
      bench.tick(Math.max(0, Math.min(1e9, session.deadlineMs - nowMs)), 0);
      break;
    case 14:
      outgoing.feed(tape);
      break;
    case 15:
      outgoing.abort(tape);
      break;
    case 16:
      reader.take(1 + tape.below(4));
      break;
    case 17:
    case 18:
      reader.decide(tape);
      break;
    case 19:
      detach(bench, tape);
      break;
    case 20:
      attach(bench, tape);
      break;
    case 21:
      session.close(tape.pick([1000, 3000, 4999]), 'r'.repeat(tape.byte() % 124), tape.pick(DRAIN_MS), nowMs);
      break;
    case 22:
      rare(bench, tape);
      break;
    default:
      // Legal and quick: the peer takes all that was written.
      if (session.link.isAttached) bench.receiveSlice(new Uint8Array(0), tape.bool(), bench.view.sentHere, 0);
  }
}

/** Mostly with an ack between what was acknowledged and what was sent, and the offset that is due. */
function deliver(bench: SessionBench, tape: Tape, slice: Uint8Array): void {
  const { link } = bench.session;
  const how = tape.byte();
  const sent = Math.max(link.acked, bench.view.sentHere);
  const fresh = sent - link.acked;
  const ack = how < 64 ? sent : how < 224 ? link.acked + Math.floor((fresh * (how & 15)) / 15) : tape.near(sent);
  const offset = how === 255 ? tape.near(link.received) : link.received;
  bench.receiveSlice(slice, (how & 1) > 0, ack, offset);
}

function detach({ session }: SessionBench, tape: Tape): void {
  const code = tape.pick(CODES);
  if (tape.below(8) === 0) session.noteRefused(1 << 20);
  session.detached(code === undefined ? undefined : { code });
}

function attach(bench: SessionBench, tape: Tape): void {
  const { link } = bench.session;
  const how = tape.byte();
  const reach = Math.min(link.streamEnd, bench.view.end) - link.acked;
  const received = link.acked + Math.floor((Math.max(0, reach) * (how & 7)) / 7);
  const terms: Terms = {
    maxPacketBytes: tape.pick(PACKET_BYTES),
    maxMessageBytes: (how & 8) > 0 ? tape.integer() : 2 ** 53 - 1,
    initialChannelCredit: MIN_CHANNEL_CREDIT + ((how & 16) > 0 ? tape.integer() % (2 ** 53 - 20_000) : 0),
    poolBytes: 8192,
    maxOpenChannels: (how & 32) > 0 ? 1 + tape.below(3) : 64,
  };
  bench.attach({
    terms,
    received: how > 250 ? tape.near(received) : received,
    streamEnd: link.received + ((how & 64) > 0 ? tape.integer() : 0),
    refusedBytes: (how & 128) > 0 && tape.below(4) === 0 ? tape.pick(PACKET_BYTES) : undefined,
  });
}

/** What happens seldom. */
function rare(bench: SessionBench, tape: Tape): void {
  const { session, outgoing } = bench;
  switch (tape.below(8)) {
    case 0:
      if (bench.isAcceptor) session.goAway(tape.integer());
      break;
    case 1:
      outgoing.withdraw();
      break;
    case 2:
      session.link.probe();
      break;
    case 3:
      session.link.isTimerThrottled = !session.link.isTimerThrottled;
      break;
    case 4:
      session.fail('text-packet');
      break;
    case 5:
      bench.counts();
      break;
    case 6:
      session.link.rest();
      break;
    default:
      // The peer has forgotten the session, and says how far it came.
      session.settleLast(tape.near(session.link.streamEnd));
      bench.flush(false);
      bench.finish();
  }
}
