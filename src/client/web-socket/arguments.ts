import { decodeText, encodeText } from '../../protocol/text.ts';
import { bytesOf, tagOf } from '../../runtime/buffer-bytes.ts';

/** Token of RFC 9110 5.6.2: what a subprotocol's name is made of. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const MAX_REASON_BYTES = 123;

/** Data as the standard's `send` takes it, after conversion. */
export type WebSocketData = string | ArrayBuffer | ArrayBufferView | Blob;

/**
 * The URL of a WebSocket (WHATWG WebSockets, "get a URL record").
 *
 * @throws DOMException SyntaxError
 */
export function parseUrl(text: string): string {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const base = document?.baseURI ?? location?.href;
  let record: URL;
  try {
    record = new URL(text, base);
  } catch {
    throw syntaxError(`The URL '${text}' is invalid.`);
  }
  record.protocol = record.protocol.replace(/^http/, 'ws');
  const { href, protocol } = record;
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    throw syntaxError(
      `The URL's scheme must be 'ws', 'wss', 'http' or 'https'. '${protocol.slice(0, -1)}' is not allowed.`,
    );
  }
  // `hash` is empty for a fragment that is.
  if (href.includes('#')) throw syntaxError(`The URL contains a fragment ('${href.slice(href.indexOf('#'))}').`);
  return href;
}

/**
 * A name or a sequence of names (WebIDL union of `DOMString or sequence<DOMString>`), not looked at yet.
 *
 * @throws TypeError for what cannot be converted
 */
export function toNames(protocols: unknown): string[] {
  if (typeof protocols === 'function' || (typeof protocols === 'object' && protocols !== null)) {
    const { [Symbol.iterator]: iterator } = protocols as { [Symbol.iterator]?: unknown };
    const isSequence = iterator !== undefined && iterator !== null;
    return isSequence ? Array.from(protocols as Iterable<unknown>, toText) : [toText(protocols)];
  }
  return protocols === undefined ? [] : [toText(protocols)];
}

/** @throws DOMException SyntaxError for a name that is no token, or is there twice */
export function checkNames(names: readonly string[]): void {
  for (const name of names) if (!TOKEN.test(name)) throw syntaxError(`The subprotocol '${name}' is invalid.`);
  if (new Set(names).size < names.length)
    throw syntaxError(`The subprotocols '${names.join()}' are not all different.`);
}

/** What was given to `close`, checked; `undefined` for no code. */
export interface CloseArguments {
  readonly code: number | undefined;
  readonly reason: string;
}

/** @throws DOMException InvalidAccessError for the code, SyntaxError for the reason */
export function parseClose([code, reason]: readonly unknown[]): CloseArguments {
  const number = code === undefined ? undefined : clampToShort(code);
  const text = reason === undefined ? '' : toText(reason);
  if (number !== undefined && number !== 1000 && !(number >= 3000 && number <= 4999)) {
    throw new DOMException(
      `The close code must be either 1000, or between 3000 and 4999. ${number} is neither.`,
      'InvalidAccessError',
    );
  }
  const bytes = encodeText(text);
  const { length } = bytes;
  if (length > MAX_REASON_BYTES) {
    throw syntaxError(`The close reason must not be greater than ${MAX_REASON_BYTES} UTF-8 bytes, and has ${length}.`);
  }
  // There is no reason without a code (RFC 6455, 5.5.1). Lone surrogates have become U+FFFD.
  return { code: number, reason: number === undefined ? '' : (decodeText(bytes) ?? '') };
}

/**
 * What no binary type is becomes text.
 *
 * @throws TypeError where there is nothing, for a view of shared memory, and for a Symbol
 */
export function parseData(args: readonly unknown[]): WebSocketData {
  if (args.length === 0)
    throw new TypeError("Failed to execute 'send' on 'WebSocket': 1 argument required, but only 0 present.");
  const [data] = args;
  const isView = ArrayBuffer.isView(data);
  const buffer = isView ? data.buffer : data;
  const tag = typeof buffer === 'object' ? tagOf(buffer) : '';
  const isShared = tag === 'SharedArrayBuffer';
  if (isShared || tag === 'ArrayBuffer') {
    // WebIDL, without [AllowShared] and [AllowResizable].
    if (isShared || (buffer as { readonly resizable?: boolean }).resizable) {
      throw new TypeError(`The buffer must not be ${isShared ? 'shared' : 'resizable'}.`);
    }
    const bytes = data as ArrayBuffer | ArrayBufferView;
    // One that is detached has none.
    return bytes.byteLength === 0 ? new Uint8Array() : bytes;
  }
  return isBlob(data) ? data : toText(data);
}

/** Bytes that the data makes as a message. */
export function dataBytes(data: WebSocketData): number {
  if (typeof data === 'string') return encodeText(data).length;
  return data instanceof Blob ? data.size : (bytesOf(data)?.length ?? 0);
}

/** By the platform's own brand, which no prototype or tag gives. */
function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object') return false;
  try {
    Reflect.get(Blob.prototype, 'size', value);
    return true;
  } catch {
    return false;
  }
}

/** As WebIDL converts: a Symbol is a TypeError, unlike with `String`. */
export function toText(value: unknown): string {
  return ''.concat(value as string);
}

/** WebIDL, [Clamp] unsigned short. */
function clampToShort(value: unknown): number {
  // Unlike with `Number`, a BigInt is a TypeError.
  const number = Math.min(Math.max(value as number, 0), 0xffff);
  if (Number.isNaN(number)) return 0;
  const floor = Math.floor(number);
  const rest = number - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError');
}
