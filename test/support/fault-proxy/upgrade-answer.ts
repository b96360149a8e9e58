import type { CutKind } from './direction.ts';

/**
 * What a handshake gets instead of the server's answer:
 * - `status`: an HTTP response, then FIN.
 * - `garbage`: these bytes, then FIN.
 * - `badAccept`: 101 with a wrong `Sec-WebSocket-Accept`.
 * - `hang`: nothing at all; the request is taken and the connection stays open.
 * - `cut`: FIN or RST once the request is in.
 * - `truncate`: that many bytes of the server's real answer, then FIN.
 * - `pass`: the server's answer (to let one through in a queue of answers).
 */
export type UpgradeAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly garbage: string | Uint8Array }
  | { readonly badAccept: true }
  | { readonly hang: true }
  | { readonly cut: CutKind }
  | { readonly truncate: number }
  | { readonly pass: true };

const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The bytes of an HTTP response that refuses a handshake. */
export function encodeHttpAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = `${String(status)} ${PHRASES[status] ?? 'Refused'}\n`,
): Buffer {
  const lines = [
    `HTTP/1.1 ${String(status)} ${PHRASES[status] ?? 'Refused'}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'utf8');
}

/** A 101 whose accept hash belongs to no key. */
export function encodeBadAccept(): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** A few words for the log. */
export function describeAnswer(answer: UpgradeAnswer): string {
  if ('status' in answer) return `HTTP ${String(answer.status)}`;
  if ('garbage' in answer) return `garbage of ${String(answer.garbage.length)} bytes`;
  if ('badAccept' in answer) return '101 with a wrong accept hash';
  if ('hang' in answer) return 'no answer';
  if ('cut' in answer) return `cut by ${answer.cut.toUpperCase()}`;
  if ('truncate' in answer) return `the first ${String(answer.truncate)} bytes of the answer`;
  return 'passed';
}
