import { describe, expect, it } from 'vitest';
import { DEFAULT_TERMS, linkDefaults } from '../../src/protocol/limits.ts';
import * as limits from '../../src/protocol/limits.ts';
import { isTerms } from '../../src/protocol/terms.ts';
import { decodeJson, decodeText, encodeText } from '../../src/protocol/text.ts';
import { offeredProtocols } from '../../src/protocol/version.ts';

describe('offered subprotocols', () => {
  it('are the neutral one and ours, where the application has none', () => {
    expect(offeredProtocols([])).toEqual(['chunksocket.plain', 'chunksocket.v1']);
  });

  it("are the application's own, and ours last", () => {
    const own = ['graphql-ws', 'v2'];
    expect(offeredProtocols(own)).toEqual(['graphql-ws', 'v2', 'chunksocket.v1']);
    expect(own).toHaveLength(2);
  });
});

describe('limits', () => {
  it('the default terms are legal', () => {
    expect(isTerms(DEFAULT_TERMS)).toBe(true);
  });

  it('fit each other', () => {
    expect(limits.MAX_AUTH_BYTES).toBeLessThan(limits.MAX_HELLO_BYTES);
    expect(limits.MAX_EARLY_BYTES).toBeLessThanOrEqual(limits.MIN_CHANNEL_CREDIT);
    expect(limits.MAX_REASON_BYTES).toBeLessThan(limits.MAX_CONTROL_BYTES);
    expect(limits.MAX_NAME_AND_META_BYTES).toBeLessThan(limits.MAX_FIELDS_BYTES);
    expect(limits.MESSAGE_COST_BYTES + limits.MAX_FIELDS_BYTES).toBeLessThan(limits.MIN_CHANNEL_CREDIT);
    expect(limits.MESSAGE_COST_BYTES + limits.MAX_FIELDS_BYTES).toBeLessThan(limits.MIN_POOL_MARGIN_BYTES);
    expect(limits.SAFE_PACKET_BYTES).toBeLessThanOrEqual(linkDefaults.startPacketBytes);
    expect(linkDefaults.startPacketBytes).toBeLessThanOrEqual(linkDefaults.startWindowBytes);
    expect(linkDefaults.probeTimeoutMs).toBeLessThan(linkDefaults.initiatorHeartbeatMs);
  });
});

describe('text', () => {
  it('keeps a byte order mark, and turns a lone surrogate into U+FFFD', () => {
    expect(decodeText(encodeText('\ufeffa\ud800'))).toBe('\ufeffa\ufffd');
  });

  it('that is not UTF-8, and what is no JSON, is undefined', () => {
    expect(decodeText(Uint8Array.of(0xc3))).toBeUndefined();
    expect(decodeJson(encodeText('{'))).toBeUndefined();
    expect(decodeJson(encodeText('null'))).toBeNull();
  });
});
