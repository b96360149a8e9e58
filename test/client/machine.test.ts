import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Status } from '../../src/index.ts';
import { pack } from '../../src/protocol/bytes.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { encodeAck } from '../../src/protocol/packet.ts';
import { SUBPROTOCOL } from '../../src/protocol/version.ts';
import { closeFrame, messageFrame } from '../support/raw-peer.ts';
import { FakePage, MachineWorld, TRANSITIONS } from './machine-world.ts';
import type { Stage } from './machine-world.ts';

/** What the model knows: where the socket stands, and no more. */
interface Model {
  status: Status;
  /** Something was sent that the server has not acknowledged: a loss may have taught something. */
  hasSent: boolean;
  /** The server has said that it goes away: the end of that session need not be the socket's. */
  isLeaving: boolean;
  /** Another session may have taken the place of the first one: it need not have been up. */
  isReplaced: boolean;
}

const newModel = (): Model => ({ status: 'connecting', hasSent: false, isLeaving: false, isReplaced: false });

type Command = fc.AsyncCommand<Model, MachineWorld>;

/** Codes that end the socket (PROTOCOL.md 14), always or before the session is up, and some that do not. */
const FATAL = [1008, 3000, 3003, 4000, 4499, 4901, 4903, 4904, 4909, 4999];
const FATAL_BEFORE = [1002, 1003, 1007, 1010];
const PASSING = [1000, 1001, 1005, 1006, 1009, 1011, 1012, 1014, 3001, 4905, 4908];

const LEAVES = 'the server goes away';
const FORGETS = 'welcomes: gone';

let page: FakePage;
let wasUp: boolean;

/** A step: `next` names every status that may come of it. */
function step(
  name: string,
  stages: readonly Stage[] | undefined,
  next: (model: Readonly<Model>) => readonly Status[],
  act: (world: MachineWorld, model: Model) => void,
): Command {
  return {
    check: () => true,
    async run(model, world) {
      if (stages !== undefined && !stages.includes(world.stage)) return;
      const before = { ...model };
      const isUp = world.stage === 'up';
      model.isLeaving ||= name === LEAVES;
      model.isReplaced ||= name === LEAVES || name === FORGETS;
      act(world, model);
      await world.settle();
      const { status } = world.socket;
      wasUp ||= isUp || status === 'open';
      expect(world.faults, `after ${name}`).toEqual([]);
      expect(before.status === 'closed' ? ['closed'] : next(before), `after ${name} in ${before.status}`).toContain(
        status,
      );
      model.status = status;
    },
    toString: () => name,
  };
}

const same = ({ status }: Readonly<Model>): readonly Status[] => [status];
const closed = (): readonly Status[] => ['closed'];
/** Lost, and tried again. */
const lost = ({ status, isLeaving }: Readonly<Model>): readonly Status[] =>
  status === 'open'
    ? ['reconnecting', ...(isLeaving ? [status] : [])]
    : status === 'closing'
      ? ['closing', 'closed']
      : [status];
/** Behind a CLOSE, which a server that leaves may have said, nothing may come. */
const beforeItsEnd = ({ status, isLeaving }: Readonly<Model>): readonly Status[] => [
  status,
  ...(isLeaving ? closed() : []),
];
const anyNext = ({ status }: Readonly<Model>): readonly Status[] => [status, ...TRANSITIONS[status]];
const unlessClosing =
  (next: (model: Readonly<Model>) => readonly Status[]) =>
  (model: Readonly<Model>): readonly Status[] =>
    model.status === 'closing' ? ['closing', 'closed'] : next(model);

function opens(protocol: string): Command {
  return step(
    `opens with ${JSON.stringify(protocol)}`,
    ['connecting'],
    protocol === SUBPROTOCOL ? same : closed,
    (world) => {
      const { connection } = world;
      if (connection === undefined) return;
      world.setStage(connection, 'greeting');
      connection.open(protocol);
    },
  );
}

type Answer = 'good' | 'gone' | 'ended' | 'another protocol' | 'nonsense' | 'too much';

function welcomes(how: Answer): Command {
  const next = (model: Readonly<Model>): readonly Status[] => {
    if (how === 'good') return model.status === 'closing' ? ['closing', 'closed'] : ['open'];
    // Not where the session was not expected: then nobody can have lost it.
    const mayGoOn = how === 'gone' || (how === 'ended' && model.isLeaving);
    return mayGoOn ? [model.status, 'closed'] : ['closed'];
  };
  return step(`welcomes: ${how}`, ['greeting'], next, (world) => {
    const { connection, server } = world;
    if (connection === undefined) return;
    switch (how) {
      case 'good':
        world.setStage(connection, 'up');
        connection.answer();
        break;
      case 'gone':
        connection.welcome({ version: 1, result: 'gone', received: server.received });
        break;
      case 'ended':
        connection.welcome({
          version: 1,
          result: 'ended',
          received: server.received,
          close: { code: 1000, reason: '' },
        });
        break;
      case 'another protocol':
        connection.answer({ protocol: 'never-offered' });
        break;
      case 'nonsense':
        connection.deliver(pack(2, '{"version":1,"result":"maybe"}'));
        break;
      case 'too much':
        connection.answer({ result: 'resumed', received: server.received + 1_000_000_000 });
    }
  });
}

const loss = fc
  .tuple(fc.constantFrom(...FATAL, ...FATAL_BEFORE, ...PASSING, 4900), fc.boolean())
  .map(([code, wasClean]) => {
    const next = (model: Readonly<Model>): readonly Status[] => {
      const isFatal = code === 4900 || FATAL.includes(code) || (!wasUp && FATAL_BEFORE.includes(code));
      if (!isFatal) return [...lost(model), ...(model.isReplaced && FATAL_BEFORE.includes(code) ? closed() : [])];
      // Where a packet may have been too big it gets another try.
      return model.hasSent && code !== 4900 ? ['closed', ...lost(model)] : ['closed'];
    };
    return step(`is closed with ${code}`, ['connecting', 'greeting', 'up'], next, (world) => {
      const { connection } = world;
      if (connection === undefined) return;
      world.setStage(connection, 'none');
      connection.end(code, 'because', wasClean);
    });
  });

type Say = readonly [
  name: string,
  next: (model: Readonly<Model>) => readonly Status[],
  bytes: (world: MachineWorld) => void,
];

const says: readonly Say[] = [
  ['acknowledges', unlessClosing(same), ({ connection }) => connection?.ack()],
  ['sends a message', unlessClosing(beforeItsEnd), ({ connection }) => connection?.stream(messageFrame('hello'))],
  ['goes away', anyNext, ({ connection }) => connection?.stream(encodeControl({ type: 'goaway', deadlineMs: 5000 }))],
  [
    'closes',
    ({ isLeaving, status }) => ['closing', 'closed', ...(isLeaving ? [status] : [])],
    ({ connection }) => connection?.stream(closeFrame()),
  ],
  ['closes twice', closed, ({ connection }) => connection?.stream(closeFrame(), closeFrame())],
  ['sends nonsense', closed, ({ connection }) => connection?.deliver(Uint8Array.of(0x77, 1, 2))],
  ['sends text', closed, ({ connection }) => connection?.deliverText('hello')],
  ['welcomes once more', closed, ({ connection }) => connection?.answer()],
  ['acknowledges what was never sent', closed, ({ connection }) => connection?.deliver(encodeAck(false, 2 ** 40))],
];

/** A page that wakes looks at the time: a drain of 0 ms is over then. */
const wakes = unlessClosing(same);

const pageEvents: readonly [name: string, next: (model: Readonly<Model>) => readonly Status[], act: () => boolean][] = [
  ['goes offline', same, () => page.connect(false)],
  ['goes online', wakes, () => page.connect(true)],
  ['is hidden', same, () => page.show(false)],
  ['is shown', wakes, () => page.show(true)],
  ['is suspended', lost, () => page.tell('pagehide', { persisted: true })],
  ['is left', same, () => page.tell('pagehide', { persisted: false })],
  ['is back', wakes, () => page.tell('pageshow')],
];

/** Time brings timeouts, stalls, ends of waits and of draining, and a broken URL function. */
const overTime = ({ status }: Readonly<Model>): readonly Status[] =>
  status === 'open' ? ['open', 'reconnecting'] : status === 'closing' ? ['closing', 'closed'] : [status];

/** Up to the next stage, whichever it is, so that all that can happen in each is seen. */
const goesOn = step('goes on', undefined, anyNext, (world) => {
  const { connection, stage, clock } = world;
  if (connection === undefined || stage === 'up') {
    clock.advance(1000);
  } else if (stage === 'connecting') {
    world.setStage(connection, 'greeting');
    connection.open();
  } else {
    world.setStage(connection, 'up');
    connection.answer();
  }
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 24, arbitrary: fc.constant(goesOn) },
  { weight: 4, arbitrary: fc.constant(welcomes('gone')) },
  { weight: 6, arbitrary: fc.constant(opens(SUBPROTOCOL)) },
  { weight: 1, arbitrary: fc.constantFrom('', 'chunksocket.plain', 'chat').map(opens) },
  { weight: 7, arbitrary: fc.constant(welcomes('good')) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Answer[]>('ended', 'another protocol', 'nonsense', 'too much').map(welcomes),
  },
  { weight: 4, arbitrary: loss },
  {
    weight: 6,
    arbitrary: fc.constantFrom(...says).map(([name, next, act]) => step(`the server ${name}`, ['up'], next, act)),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...pageEvents)
      .map(([name, next, act]) => step(`the page ${name}`, undefined, next, act)),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(0, 20, 50, 300, 1000, 10_000, 31_000, 70_000).map((ms) =>
      step(`${ms} ms pass`, undefined, overTime, ({ clock }) => {
        clock.advance(ms);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      step('an hour is slept through', undefined, overTime, ({ clock }) => {
        clock.sleep(3_600_000);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isBroken) =>
      step(`the URL is ${isBroken ? 'broken' : 'whole'}`, undefined, same, (world) => {
        world.isUrlBroken = isBroken;
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(0, 10, 5000, 100_000), fc.constantFrom('', 'a', 'b')).map(([bytes, channel]) =>
      step(`sends ${bytes} bytes`, undefined, same, (world, model) => {
        world.send(new Uint8Array(bytes), channel);
        model.hasSent = true;
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat({ max: 9 })
      .map((index) =>
        step(`aborts transfer ${index}`, undefined, unlessClosing(same), ({ transfers }) => transfers[index]?.abort()),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1000, 30_000).map((drainMs) =>
      step(
        `closes within ${drainMs} ms`,
        undefined,
        () => ['closing', 'closed'],
        ({ socket }) => {
          void socket.close(3001, 'enough', { drainMs });
        },
      ),
    ),
  },
);

/** A page of its own for each run: one that failed may have left something. */
function turnPage(): void {
  page = new FakePage();
  vi.stubGlobal('addEventListener', page.listen);
  vi.stubGlobal('document', page.document);
  vi.stubGlobal('navigator', page.navigator);
}

/** Whatever came before: it closes, and nothing is left. */
async function finish(world: MachineWorld): Promise<void> {
  void world.socket.close(1000, '', { drainMs: 1000 });
  for (let round = 0; round < 10 && world.socket.status !== 'closed'; round++) {
    await world.settle();
    world.clock.advance(60_000);
  }
  await world.settle();
  await world.over;
  expect(world.socket.status).toBe('closed');
  world.connection?.end();
  page.tell('online');
  world.clock.advance(3_600_000);
  await world.settle();
  expect(world.faults).toEqual([]);
  expect(page.listenerCount).toBe(0);
}

describe('the connection machine', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('goes where it is declared to go and nowhere else, whatever happens in whatever order, and leaves nothing', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const visited = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.commands([command], { maxCommands: 40, size: 'max' }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (commands, chance) => {
          turnPage();
          wasUp = false;
          const world = new MachineWorld(() => chance);
          await world.settle();
          await fc.asyncModelRun(() => ({ model: newModel(), real: world }), commands);
          await finish(world);
          for (const event of world.events) visited.add(event);
        },
      ),
      { seed, numRuns: 400 },
    );
    expect([...visited].sort(), `seed ${seed}`).toEqual(
      expect.arrayContaining(['close', 'lost', 'open', 'resume', 'retry', 'status']),
    );
  });
});
