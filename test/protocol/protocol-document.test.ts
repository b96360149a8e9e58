import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../src/protocol/close-codes.ts';
import { CONTROL_LAYOUTS, DataFlag, FrameType } from '../../src/protocol/frame.ts';
import { encodeFields, writeDataHead } from '../../src/protocol/frame-encoder.ts';
import * as limits from '../../src/protocol/limits.ts';
import { encodeAck, writeStreamHeader } from '../../src/protocol/packet.ts';
import { PLAIN_SUBPROTOCOL, PROTOCOL_VERSION, SUBPROTOCOL } from '../../src/protocol/version.ts';
import type { ViolationName } from '../../src/protocol/violation.ts';
import { readPieces } from './recording-sink.ts';
import { frameVectors, fromHex, handshakeVectors, packetVectors, toHex } from './vectors.ts';

const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');

/** The text below a heading, up to the next heading of any level. */
function section(heading: string): string {
  const start = text.indexOf(`${heading}\n`);
  expect(start, heading).toBeGreaterThanOrEqual(0);
  const body = text.slice(start + heading.length);
  return body.slice(0, /\n##+ /.exec(body)?.index);
}

/** The rows of all tables in `part`, as cells. */
function rows(part: string): string[][] {
  return part
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[ |-]*$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

const unquoted = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');
const camel = (name: string): string =>
  name.toLowerCase().replace(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The bytes of the example blocks marked with `name`, a line or a block each, without remarks. */
function example(name: string): string[] {
  const block = new RegExp('```hex ' + name + '\n([^`]*)```').exec(text)?.[1] ?? '';
  return block
    .trim()
    .split('\n')
    .map((line) => line.replace(/#.*/, '').replaceAll(' ', ''));
}

// A name that is not here, or not in the code, does not compile.
const violations: Record<ViolationName, true> = {
  'empty-packet': true,
  'unknown-packet': true,
  'text-packet': true,
  'bad-varint': true,
  'empty-slice': true,
  'hello-too-big': true,
  'bad-hello': true,
  'bad-welcome': true,
  'unexpected-hello': true,
  'unexpected-welcome': true,
  'data-before-hello': true,
  'early-data': true,
  'offset-mismatch': true,
  'ack-regressed': true,
  'ack-beyond-sent': true,
  'received-regressed': true,
  'control-too-big': true,
  'bad-frame': true,
  'unexpected-frame': true,
  'bad-data-flags': true,
  'empty-data': true,
  'fields-too-big': true,
  'bad-fields': true,
  'bad-text': true,
  'channel-number': true,
  'channel-name': true,
  'unknown-channel': true,
  'too-many-channels': true,
  'credit-exceeded': true,
  'message-too-big': true,
  'total-mismatch': true,
  'unexpected-first': true,
  'not-first': true,
  'after-close': true,
};

describe('PROTOCOL.md', () => {
  it('names the version and the subprotocols', () => {
    expect(text).toContain(`Version ${String(PROTOCOL_VERSION)}, subprotocol \`${SUBPROTOCOL}\``);
    expect(text).toContain(`\`${PLAIN_SUBPROTOCOL}\``);
  });

  it('lists every violation, in the order of the code, and no other', () => {
    const listed = rows(section('## 17. Unexpected input'))
      .map(([name]) => name ?? '')
      .filter((name) => /^`[a-z-]+`$/.test(name))
      .map(unquoted);
    expect(listed).toEqual(Object.keys(violations));
  });

  it('explains every violation outside of the list, too', () => {
    const rest = text.replace(section('## 17. Unexpected input'), '');
    const missing = Object.keys(violations).filter((name) => !rest.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  it('states every limit as the code has it', () => {
    const listed = Object.fromEntries(
      rows(section('## 15. Limits and numbers'))
        .filter(([name]) => name?.startsWith('`'))
        .map(([name, value]) => [unquoted(name), Number(value)]),
    );
    const fixed = Object.entries(limits).flatMap(([name, value]) =>
      typeof value === 'number' ? [[camel(name), value] as const] : [],
    );
    expect(listed).toEqual({ ...Object.fromEntries(fixed), ...limits.linkDefaults });
  });

  it('states the default terms as the code has them', () => {
    const listed = rows(section('### 6.1 Terms: members of both'))
      .slice(1)
      .map(([name, , , , value]) => [unquoted(name), Number(value)]);
    expect(Object.fromEntries(listed)).toEqual(limits.DEFAULT_TERMS);
  });

  it('states the close codes of the protocol as the code has them', () => {
    const listed = rows(section('### 14.1 Codes of this protocol'))
      .slice(1)
      .map(([code, name]) => [camel(name ?? ''), Number(code)]);
    const ours = Object.entries(CloseCode)
      .filter(([, code]) => code >= 4900)
      .sort(([, one], [, other]) => one - other);
    expect(listed).toEqual(ours);
  });

  it('states the types and members of frames as the code has them', () => {
    const listed = rows(section('## 9. Frames'))
      .filter(([type]) => /^`0[1-9]`$/.test(type ?? ''))
      .map(([type, name, , body]) => [
        parseInt(unquoted(type), 16),
        [name?.toLowerCase(), ...(body ?? '').split(', ')],
      ]);
    const expected = CONTROL_LAYOUTS.flatMap((layout, type) => (layout ? [[type, layout]] : []));
    expect(listed).toEqual(expected);
    const types = Object.values(FrameType).sort((one, other) => one - other);
    expect(expected.map(([type]) => type)).toEqual(types.filter((type) => type < 64));
  });

  it('states the flags of DATA as the code has them', () => {
    const listed = rows(section('### 9.1 DATA'))
      .filter(([, bit]) => /^`\d\d`$/.test(bit ?? ''))
      .filter(([name]) => name !== '')
      .map(([name, bit]) => [name?.toLowerCase(), parseInt(unquoted(bit), 16)]);
    expect(listed).toEqual(Object.entries(DataFlag).sort(([, one], [, other]) => one - other));
  });

  it('gives every rule one name, and every reference leads to a rule', () => {
    const rules = [...text.matchAll(/\[([A-Z]+-\d+)\]/g)].map(([, rule]) => rule).filter((rule) => rule !== undefined);
    const [, ...defined] = rules; // the first one explains what a name looks like
    expect(new Set(defined).size).toBe(defined.length);
    for (const [, rule] of text.matchAll(/\b((?:NEG|HS|LINK|LIM|MUX|CH|CR|END)-\d+)\b/g)) {
      expect(defined).toContain(rule);
    }
  });

  it('has a heading for every entry of its contents', () => {
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) =>
      (heading ?? '')
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, link]) => link);
    expect(links).toEqual(headings);
  });

  describe('the worked example', () => {
    const stream = example('stream').join('');
    const ending = { first: 1, fin: 2, text: 4 };

    it('is what the encoder writes', () => {
      const target = new Uint8Array(100);
      const put = (at: number, payload: string): number => {
        target.set(new TextEncoder().encode(payload), at);
        return at + payload.length;
      };
      const fields = encodeFields({ name: 'uploads', meta: { name: 'a.txt' } });
      const all = ending.first | ending.fin | ending.text;
      let at = put(writeDataHead(target, 0, 0, all, 2, undefined, undefined), 'hi');
      at = put(writeDataHead(target, at, 1, ending.first, 4, 6, fields), 'abcd');
      at = put(writeDataHead(target, at, 1, ending.fin, 2, undefined, undefined), 'ef');
      expect(toHex(target.subarray(0, at))).toBe(stream);
      expect(text).toContain(`That is ${String(at)} bytes of stream`);
    });

    it('is read as it says', () => {
      expect(readPieces([fromHex(stream)]).frames).toMatchObject([
        { channel: 0, text: true, payload: toHex([0x68, 0x69]) },
        { channel: 1, total: 6, fields: { name: 'uploads', meta: { name: 'a.txt' } } },
        { channel: 1, fin: true },
      ]);
    });

    it.each([
      ['packets', 0, 20],
      ['resumed', 20, 12],
    ])('is cut into packets as it says: %s', (name, start, sliceBytes) => {
      const bytes = fromHex(stream);
      const packets: string[] = [];
      for (let offset = start; offset < bytes.length; offset += sliceBytes) {
        const slice = bytes.subarray(offset, offset + sliceBytes);
        const packet = new Uint8Array(40);
        const header = writeStreamHeader(packet, offset + sliceBytes >= bytes.length, 0, offset);
        packet.set(slice, header);
        packets.push(toHex(packet.subarray(0, header + slice.length)));
      }
      expect(example(name)).toEqual(packets);
    });

    it('ends with the ACK that it says', () => {
      const ack = toHex(encodeAck(false, stream.length / 2));
      expect(text).toContain(`The receiver answers \`${ack.slice(0, 2)} ${ack.slice(2)}\``);
    });
  });

  it('counts credit as its rule says', () => {
    const part = section('## 11. Credit');
    const [initial, cost] = [limits.DEFAULT_TERMS.initialChannelCredit, limits.MESSAGE_COST_BYTES];
    const fields = encodeFields({ name: 'uploads', meta: { name: 'a.txt' } }).length;
    const small = 100 + cost;
    const count = Math.floor(initial / small);
    const file = cost + fields + 2 ** 20;
    for (const number of [
      `${String(count)} x ${String(small)}`,
      `${String((count + 1) * small)} is over the limit`,
      `CREDIT ${String(50 * small)} + ${String(initial)}`,
      `| ${String(50 * small + initial)} `,
      `| ${String(cost + fields)} `,
      `| ${String(initial - cost - fields)} `,
      `| ${String(file + initial)} `,
      `| ${String(file - initial)} `,
      `| ${String(file)} `,
    ]) {
      expect(part).toContain(number);
    }
    expect(50 * small).toBeGreaterThanOrEqual(initial / 2);
  });

  it('has a vector for every violation that bytes alone can show', () => {
    const shown = new Set([
      ...packetVectors.invalid.map(({ violation }) => violation),
      packetVectors.helloTooBig.violation,
      ...frameVectors.invalid.map(({ violation }) => violation),
      ...[...handshakeVectors.hello.invalid, ...handshakeVectors.welcome.invalid].map(({ violation }) => violation),
    ]);
    const byBytes = rows(section('## 17. Unexpected input'))
      .filter(([name, by]) => /[PF]/.test(by ?? '') || /^`bad-(hello|welcome)`$/.test(name ?? ''))
      .map(([name]) => unquoted(name))
      // text messages have no bytes of ours
      .filter((name) => name in violations && name !== 'text-packet');
    expect([...shown].sort()).toEqual(byBytes.sort());
  });
});
