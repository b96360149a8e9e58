import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeCodeGuide, explainClose } from '../../src/protocol/close-code-guide.ts';
import { classifyClose, CloseCode, isSendableCloseCode, truncateReason } from '../../src/protocol/close-codes.ts';
import { sizeOptions } from '../../src/protocol/size-options.ts';

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('classifyClose', () => {
  const alwaysFatal = [1008, 3000, 3003, ...range(4000, 4999).filter((code) => code !== 4905 && code !== 4908)];
  const fatalBefore = [1002, 1003, 1007, 1010, ...alwaysFatal];
  const all = [0, 999, ...range(1000, 5001), 65535];

  it('with a session up recovers from every close but those that mean "no"', () => {
    expect(all.filter((code) => classifyClose(code, true) === 'fatal').sort()).toEqual(alwaysFatal.sort());
  });

  it('without a session takes what another try would meet again for fatal, too', () => {
    expect(all.filter((code) => classifyClose(code, false) === 'fatal').sort()).toEqual(fatalBefore.sort());
  });

  it.each([1000, 1001, 1005, 1006, 1009, 1011, 1012, 1013, 1014, 1015, 3008, 4905, 4908])(
    '%i before WELCOME backs off',
    (code) => {
      expect(classifyClose(code, false)).toBe('retry');
    },
  );
});

describe('isSendableCloseCode', () => {
  it('allows what a page may send, and nothing else', () => {
    const sendable = [...range(-1, 5001), 1000.5, 3000.5, NaN, Infinity].filter(isSendableCloseCode);
    expect(sendable).toEqual([1000, ...range(3000, 4999)]);
  });

  it('allows every code of ours', () => {
    const ours = Object.values(CloseCode)
      .filter((code) => code >= 4900)
      .sort();
    expect(ours).toEqual(range(4900, 4909));
    expect(ours.every(isSendableCloseCode)).toBe(true);
  });
});

describe('truncateReason', () => {
  const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

  it.each([
    ['', ''],
    ['short', 'short'],
    ['a'.repeat(123), 'a'.repeat(123)],
    ['a'.repeat(124), 'a'.repeat(123)],
    ['é'.repeat(62), 'é'.repeat(61)],
    ['😀'.repeat(31), '😀'.repeat(30)],
    ['a'.repeat(120) + '😀', 'a'.repeat(120)],
    ['a'.repeat(119) + '😀', 'a'.repeat(119) + '😀'],
    ['a'.repeat(119) + '😀😀', 'a'.repeat(119) + '😀'],
    ['a'.repeat(121) + '\ud83d', 'a'.repeat(121)],
  ])('%j', (reason, kept) => {
    expect(truncateReason(reason)).toBe(kept);
  });

  it.each([0, 1, 2, 3, 4, 5])('keeps whole code points within %i bytes', (maxBytes) => {
    expect(truncateReason('😀a', maxBytes)).toBe(maxBytes < 4 ? '' : maxBytes < 5 ? '😀' : '😀a');
  });

  it('keeps the longest start of any text that fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.nat({ max: 150 }), (reason, maxBytes) => {
        const points = Array.from(reason);
        let longest = '';
        while (points.length && bytesOf(longest + (points[0] ?? '')) <= maxBytes) longest += points.shift() ?? '';
        expect(truncateReason(reason, maxBytes)).toBe(longest);
      }),
    );
  });
});

describe('the guide to close codes', () => {
  it('has one entry for every registered code and every code of ours', () => {
    expect(closeCodeGuide.map(({ code }) => code)).toEqual([
      ...range(1000, 1015),
      3000,
      3003,
      3008,
      ...range(4900, 4909),
    ]);
  });

  it.each(closeCodeGuide.map((entry) => [entry.code, entry] as const))('%i says something in each part', (_, entry) => {
    const { name, meaning, whenSeen, sdk, advice } = entry;
    for (const part of [meaning, whenSeen, sdk, advice]) expect(part).toMatch(/^\S.*\.$/s);
    expect(name).not.toBe('');
  });

  it.each(closeCodeGuide.map(({ code, sdk }) => [code, sdk] as const))(
    '%i does what classifyClose says',
    (code, sdk) => {
      const withSession = classifyClose(code, true);
      const without = classifyClose(code, false);
      if (withSession === 'fatal') expect(sdk).toMatch(/\bends\b/i);
      else expect(sdk).toMatch(/\breconnects\b/i);
      if (withSession !== without) expect(sdk).toMatch(/Before the first session, ends/);
    },
  );

  it('tells with 1009 where servers set the size, and how it is often seen', () => {
    const entry = explainClose({ code: 1009, reason: '' });
    expect(entry.sizeOptions).toBe(sizeOptions);
    expect(entry.whenSeen).toContain('1006');
    expect(entry).not.toHaveProperty('reason');
  });

  it.each([
    'maxPayload',
    'max_size',
    'max_msg_size',
    'websocket_max_message_size',
    '--ws-max-size',
    'maxTextMessageBufferSize',
    'maxBinaryMessageBufferSize',
    'maxTextMessageSize',
    'SetReadLimit',
    'MaximumReceiveMessageSize',
    'maxPayloadLength',
    'maxFramePayloadLength',
    'maxHttpBufferSize',
  ])('names the setting %s', (setting) => {
    expect(sizeOptions.some(({ option }) => option?.includes(setting))).toBe(true);
  });

  it('lists sizes from the smallest, and those without one last', () => {
    const sizes = sizeOptions.map(({ defaultBytes }) => defaultBytes ?? Infinity);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });

  it('tells with 1014 what to check', () => {
    const { advice, whenSeen } = explainClose({ code: 1014 });
    for (const word of ['health', 'port', 'Upgrade', 'timeouts']) expect(advice).toContain(word);
    expect(whenSeen).toContain('1006');
  });

  it('passes the reason on', () => {
    expect(explainClose({ code: 4900, reason: 'bad-varint' })).toMatchObject({
      name: 'Protocol Violation',
      reason: 'bad-varint',
    });
  });

  it.each([
    [4001, 'Application Code'],
    [4999, 'Application Code'],
    [3001, 'Library Code'],
    [2000, 'Unknown Code'],
    [5000, 'Unknown Code'],
    [0, 'Unknown Code'],
  ])('explains %i, which is not listed, by its range', (code, name) => {
    expect(explainClose({ code })).toMatchObject({ code, name });
  });
});
