import { expect, test } from 'vitest';
import { finish, LIBRARY_SHAPE } from './library-result.ts';
import { ExampleRig } from './rig.ts';

const CUTS = 4;

interface Result {
  readonly sockets: number;
  readonly closes: number;
  readonly numbers: readonly number[];
  readonly queries: number;
  readonly wrongAnswers: number;
  readonly question: string;
  readonly answer: string;
}

test('graphql-ws: long queries and their answers come whole, and a subscription without a gap, over cuts', async () => {
  const rig = await ExampleRig.start('graphql-ws', LIBRARY_SHAPE);
  await rig.untilState('running');
  rig.cutRegularly();
  await rig.proxy.waitFor('cut', CUTS);
  const result = await finish<Result>(rig);

  expect(rig.errors).toEqual([]);
  expect(result).toMatchObject({ sockets: 1, closes: 0, wrongAnswers: 0 });
  expect(rig.proxy.connections.length).toBeGreaterThan(CUTS);
  expect(result.numbers.length).toBeGreaterThan(CUTS);
  expect(result.numbers).toEqual(Array.from(result.numbers, (_, index) => index + 1));
  expect(result.queries).toBeGreaterThan(1);
  expect(result.question.length).toBeGreaterThanOrEqual(200_000);
  expect(result.answer === result.question.toUpperCase()).toBe(true);
});
