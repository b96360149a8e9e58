import { expect, test } from 'vitest';
import { finish, LIBRARY_SHAPE } from './library-result.ts';
import { ExampleRig } from './rig.ts';

const CUTS = 4;

interface Content {
  readonly text: string;
  readonly edits: readonly { readonly author: string; readonly number: number }[];
}

interface Result {
  readonly sockets: number;
  readonly closes: number;
  readonly preparedCharacters: number;
  readonly edits: readonly [left: number, right: number];
  readonly contents: readonly [left: Content, right: Content];
}

test('y-websocket: a long document and edits of both sides are the same everywhere, over cuts', async () => {
  const rig = await ExampleRig.start('y-websocket', LIBRARY_SHAPE);
  await rig.untilState('running');
  rig.cutRegularly();
  await rig.proxy.waitFor('cut', 2 * CUTS);
  const result = await finish<Result>(rig);

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
    expect(numbers).toEqual(Array.from({ length: result.edits[index] ?? 0 }, (_, place) => place + 1));
    expect(numbers.length).toBeGreaterThan(CUTS);
  }
});
