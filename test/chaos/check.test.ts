import { describe, expect, test } from 'vitest';
import { checkReports } from './check.ts';
import { contentOf } from './content.ts';
import { KINDS, makePlan } from './make-plan.ts';
import type { EndPlan, MessagePlan, SchedulePlan } from './plan.ts';
import type { EndReport, ReceivedReport } from './report.ts';

const message = (id: string, more: Partial<MessagePlan> = {}): MessagePlan => ({
  id,
  channel: '',
  form: 'array-buffer',
  byteLength: 100,
  seed: 1 + id.length,
  priority: 'auto',
  meta: { id },
  gapMs: 0,
  fate: 'delivered',
  fateAfterMs: 0,
  ...more,
});

const came = (plan: MessagePlan, more: Partial<ReceivedReport> = {}): ReceivedReport => ({
  session: 1,
  channel: plan.channel,
  meta: plan.meta,
  isMarked: false,
  outcome: 'whole',
  ...contentOf(plan),
  ...more,
});

const endOf = (more: Partial<EndReport> = {}): EndReport => ({
  sent: [],
  received: [],
  problems: [],
  log: [],
  stats: undefined,
  closeCodes: {},
  limitChanges: 0,
  lostSessions: [],
  end: '1000 done',
  ...more,
});

const first = message('p1');
const second = message('p22');
const aborted = message('p333', { fate: 'aborted' });
const messages = [first, second, aborted];

/** What is wrong when the page has sent those three, with such outcomes, and that has come. */
function check(outcomes: readonly string[], received: readonly ReceivedReport[]): string[] {
  const none: EndPlan = { messages: [], takes: {}, pauses: [] };
  const plan: SchedulePlan = { ...makePlan(1, 0), page: { ...none, messages }, server: none };
  const sent = messages.map(({ id }, index) => ({ id, outcome: outcomes[index] ?? '' }));
  return checkReports(plan, endOf({ sent }), endOf({ received }));
}

const all = ['delivered', 'delivered', 'delivered'];
const both = [came(first), came(second)];

describe('what is told of two ends', () => {
  test.each([
    ['all that was sent came', all, [...both, came(aborted)]],
    ['what was given up never came', ['delivered', 'delivered', 'ERR_ABORTED'], both],
    ['what was given up came whole', ['delivered', 'delivered', 'ERR_ABORTED'], [...both, came(aborted)]],
    [
      'what was given up was cancelled',
      ['delivered', 'delivered', 'ERR_ABORTED'],
      [...both, came(aborted, { outcome: 'cancelled by aborted', byteLength: 0, hash: '' })],
    ],
  ])('is right where %s', (_what, outcomes, received) => {
    expect(check(outcomes, received)).toEqual([]);
  });

  test.each([
    ['a message is missing', all, [came(first), came(aborted)], 'p22 was told to be delivered, and is: nowhere'],
    ['one came twice', all, [came(first), ...both, came(aborted)], 'p1 came 2 times'],
    ['one overtook another', all, [came(second), came(first), came(aborted)], 'p22 overtook p1'],
    ['a byte is wrong', all, [came(first), came(second, { hash: '0' }), came(aborted)], 'is not what was sent'],
    ['a byte is missing', all, [came(first), came(second, { byteLength: 99 }), came(aborted)], '99 bytes instead'],
    ['meta is another', all, [came(first, { meta: { id: 'p1', x: 1 } }), came(second), came(aborted)], 'came with'],
    ['one came on another channel', all, [came(first, { channel: 'x' }), came(second), came(aborted)], 'on channel x'],
    ['one came as text', all, [came(first, { isText: true }), came(second), came(aborted)], 'as text'],
    ['one is marked', all, [came(first, { isMarked: true }), came(second), came(aborted)], 'possible duplicate'],
    ['nobody sent it', all, [...both, came(aborted), came(message('x'))], 'that nobody sent'],
    ['one failed', ['delivered', 'ERR_CLOSED', 'delivered'], [...both, came(aborted)], 'ended as ERR_CLOSED'],
    ['one never settled', ['delivered', 'pending', 'delivered'], [...both, came(aborted)], 'ended as pending'],
    [
      'one that was not given up was cancelled',
      all,
      [came(first), came(second, { outcome: 'cancelled by aborted' }), came(aborted)],
      'came in as cancelled',
    ],
    [
      'one is partial',
      ['delivered', 'delivered', 'ERR_ABORTED'],
      [...both, came(aborted, { byteLength: 50, hash: '1' })],
      '50 bytes instead',
    ],
  ])('is wrong where %s', (_what, outcomes, received, expected) => {
    expect(check(outcomes, received).join('\n')).toContain(expected);
  });
});

test('a seed and a number give the same schedule, and each kind has its turn', () => {
  const kinds = KINDS.map((_, index) => makePlan(7, index));
  expect(kinds.map(({ kind }) => kind)).toEqual(KINDS);
  expect(KINDS.map((_, index) => makePlan(7, index))).toEqual(kinds);
  expect(makePlan(8, 0)).not.toEqual(kinds[0]);
});
