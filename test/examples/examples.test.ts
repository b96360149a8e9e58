import { beforeAll, expect, test } from 'vitest';
import { buildIfStale, ExampleRig } from './rig.ts';

const TIMEOUT_MS = 60_000;
const CUTS = 4;

interface GraphqlResult {
  readonly sockets: number;
  readonly closes: number;
  readonly numbers: readonly number[];
  readonly queries: number;
  readonly wrongAnswers: number;
  readonly question: string;
  readonly answer: string;
}

interface Content {
  readonly text: string;
  readonly edits: readonly { readonly author: string; readonly number: number }[];
}

interface YjsResult {
  readonly sockets: number;
  readonly closes: number;
  readonly preparedCharacters: number;
  readonly edits: readonly [left: number, right: number];
  readonly contents: readonly [left: Content, right: Content];
}

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

beforeAll(buildIfStale, TIMEOUT_MS);

test(
  'graphql-ws: long queries and their answers come whole, and a subscription without a gap, over cuts',
  async () => {
    const rig = await ExampleRig.start('graphql-ws');
    await rig.proxy.waitFor('cut', CUTS);
    const result = await rig.finish<GraphqlResult>();

    expect(rig.errors).toEqual([]);
    expect(result).toMatchObject({ sockets: 1, closes: 0, wrongAnswers: 0 });
    expect(rig.proxy.connections.length).toBeGreaterThan(CUTS);
    expect(result.numbers.length).toBeGreaterThan(CUTS);
    expect(result.numbers).toEqual(oneTo(result.numbers.length));
    expect(result.queries).toBeGreaterThan(1);
    expect(result.question.length).toBeGreaterThanOrEqual(200_000);
    expect(result.answer === result.question.toUpperCase()).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  'y-websocket: a long document and edits of both sides are the same everywhere, over cuts',
  async () => {
    const rig = await ExampleRig.start('y-websocket');
    await rig.proxy.waitFor('cut', 2 * CUTS);
    const result = await rig.finish<YjsResult>();

    expect(rig.errors).toEqual([]);
    expect(result).toMatchObject({ sockets: 2, closes: 0 });
    expect(rig.proxy.connections.length).toBeGreaterThan(2 * CUTS);
    expect(result.preparedCharacters).toBeGreaterThanOrEqual(300_000);
    const [left, right] = result.contents;
    expect(left.text.length).toBeGreaterThanOrEqual(300_000);
    const ofServer = (await (await fetch(`${rig.url}document`)).json()) as Content;
    expect(left.text === ofServer.text && right.text === ofServer.text).toBe(true);
    expect(left.edits).toEqual(ofServer.edits);
    expect(right.edits).toEqual(ofServer.edits);
    for (const [index, author] of ['left', 'right'].entries()) {
      const numbers = left.edits.filter((edit) => edit.author === author).map(({ number }) => number);
      expect(numbers).toEqual(oneTo(result.edits[index] ?? 0));
      expect(numbers.length).toBeGreaterThan(CUTS);
    }
  },
  TIMEOUT_MS,
);
