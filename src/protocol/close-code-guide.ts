import { CloseCode } from './close-codes.ts';
import { gatewayOptions } from './gateway-options.ts';
import type { GatewayOption } from './gateway-options.ts';
import { sizeOptions } from './size-options.ts';
import type { SizeOption } from './size-options.ts';

/** What a close code means, in words for people. */
export interface CloseExplanation {
  /** The code of the close. */
  code: number;
  /** Its registered name, or ours. */
  name: string;
  /** What the specification means by it. */
  meaning: string;
  /** What has usually happened when an application sees it. */
  whenSeen: string;
  /** What this SDK does about it, by itself. */
  sdk: string;
  /** What a person should do about it. */
  advice: string;
  /** The reason that came with it, where it is not empty. */
  reason?: string;
  /** With 1009: where common servers set the size. */
  sizeOptions?: readonly SizeOption[];
  /** With 1006 and 1014: what common proxies do, and where their timeouts are set. */
  gatewayOptions?: readonly GatewayOption[];
}

const RESUMES = 'Reconnects with backoff and resumes: nothing is lost, nothing arrives twice.';
const RETRIES_IN_SESSION =
  'With a session up, reconnects and resumes: what it may be about is a packet that was too big, which is then sent in ' +
  'smaller ones. Before the first session, ends with an error: trying again would fail in the same way.';
const ENDS = 'Ends the session with an error.';
const ENDS_UNLESS_BIG =
  'Ends the session with an error, unless a packet above the proven size was under way: then it tries once more with ' +
  'small ones, and ends when that fails too.';
const NO_ACTION = 'Nothing, when it is rare.';

type Row = readonly [code: number, name: string, meaning: string, whenSeen: string, sdk: string, advice: string];

const rows: readonly Row[] = [
  [
    CloseCode.normal,
    'Normal Closure',
    'The purpose of the connection was fulfilled.',
    'One side called close(). Some servers also send it in place of 1009, and on a shutdown.',
    `The end of a session when both sides have closed it. Otherwise: ${RESUMES}`,
    NO_ACTION,
  ],
  [
    CloseCode.goingAway,
    'Going Away',
    'An endpoint is going away: a server shuts down, or a page is left.',
    'A deploy, a restart, a reload of the configuration of a proxy (Caddy), or a page that was closed.',
    RESUMES,
    'Nothing for a deploy. Let the server say GOAWAY before it stops, so that nothing has to be resumed.',
  ],
  [
    1002,
    'Protocol Error',
    'An endpoint broke the rules of WebSocket.',
    'A proxy that touches frames, a server bug, or plain HTTP where WebSocket was expected.',
    RETRIES_IN_SESSION,
    'Look for what stands between: connect to the server directly, then through each proxy. Switch compression off to rule it out.',
  ],
  [
    1003,
    'Unsupported Data',
    'An endpoint cannot take this type of data.',
    'A server that takes text only got a binary message.',
    RETRIES_IN_SESSION,
    'The protocol needs binary messages. If the server cannot take them, use the plain mode with text.',
  ],
  [
    1004,
    'Reserved',
    'Has no meaning yet; never sent.',
    'Should not be seen.',
    RESUMES,
    'Find out who sent it: it is not a code for use.',
  ],
  [
    CloseCode.noStatus,
    'No Status Received',
    'The close carried no code. Never sent; an endpoint reports it.',
    'The other side called close() without a code.',
    RESUMES,
    'Give close() a code and a reason, so that logs say more.',
  ],
  [
    CloseCode.abnormal,
    'Abnormal Closure',
    'The connection ended without a close. Never sent; an endpoint reports it.',
    'A lost network, a killed server, a handshake that was refused (HTTP 4xx or 5xx, a dead upstream behind a proxy), an ' +
      'idle timeout of a proxy; and a message that was too big: browsers report 1006 in place of a 1009 in 17 to 41 % of cases.',
    `${RESUMES} When a packet above the proven size was under way, it is sent again in smaller ones.`,
    'Never open: look at the HTTP status of the handshake in the network tab of the developer tools, and at the log of the proxy. ' +
      'After a big message: read the advice for 1009. At a regular interval: raise the idle timeout of the proxy.',
  ],
  [
    1007,
    'Invalid Frame Payload Data',
    'A message does not fit its type, such as text that is not UTF-8.',
    'A server bug; Azure Speech sends it for a message that is too big.',
    RETRIES_IN_SESSION,
    'Check what the server takes for text. If it comes with big messages only, read the advice for 1009.',
  ],
  [
    1008,
    'Policy Violation',
    'A message breaks a policy; also used where no other code fits.',
    'Authorization that ran out, a rate limit, too many fragments in one message (ws: over 16384).',
    ENDS_UNLESS_BIG,
    'Read the reason, and the log of the server. Renew the credentials in the auth option.',
  ],
  [
    CloseCode.messageTooBig,
    'Message Too Big',
    'A message is bigger than the other side takes.',
    'Soon after a big send(), most often on the first one of its size. Every server has its maximum, from 8 KiB (Tomcat, Spring) to ' +
      '100 MiB (ws). wasClean tells nothing: Firefox mostly says false. It is often seen as 1006: the server closes with data unread, ' +
      'the browser runs into the reset and forgets the code; a proxy between makes that more likely. Some servers never send it ' +
      '(uWebSockets, Deno, Go x/net), and some say something else (Netty 1000 for a fragmented message, Azure Speech 1007, Discord 4002).',
    'Lowers the limit, reconnects at once, and sends again, in smaller packets, only what the other side does not have; the limit is ' +
      'remembered for a week. Ends the session only when the smallest packet (512 bytes) is refused. In the plain mode that message fails ' +
      'alone, with MessageTooBigError.',
    'With the protocol on both sides: nothing, messages are cut into packets below the limit. Without it: cut messages into chunks ' +
      'yourself, or raise the maximum of the server (see sizeOptions), and that of every gateway before it. Never just send the message again. ' +
      'Count bytes of UTF-8, not characters, and not what compression leaves of them; a limit of frames is one of messages, since a browser does not choose its frames.',
  ],
  [
    1010,
    'Mandatory Extension',
    'A client needs an extension that the server did not agree to.',
    'Not seen in browsers.',
    RETRIES_IN_SESSION,
    'Find the client that asks for the extension, or switch the extension on in the server.',
  ],
  [
    1011,
    'Internal Error',
    'A server met something unexpected.',
    'An exception in a handler of the server, or a ping that was not answered in time.',
    RESUMES,
    'Look for the exception in the log of the server.',
  ],
  [
    CloseCode.serviceRestart,
    'Service Restart',
    'The service restarts; connect again after a while.',
    'A deploy; a node that is leaving refuses new sessions with it.',
    RESUMES,
    'Nothing. WebKitGTK shows it as 1006.',
  ],
  [
    CloseCode.tryAgainLater,
    'Try Again Later',
    'The service is overloaded.',
    'A server at its limit of sessions or memory.',
    RESUMES,
    'Add capacity, or raise the limits of the server on sessions and memory.',
  ],
  [
    CloseCode.badGateway,
    'Bad Gateway',
    'A gateway got an invalid answer from its upstream, or none.',
    'Application relays send it when their backend is down. Proxies such as nginx, HAProxy, Apache, Caddy and lighttpd do not: with ' +
      'them a dead upstream is an HTTP 502, 503 or 504 on the handshake, which a page sees as an error and 1006, without an open event and without the ' +
      'status; one that dies later is a 1006. They do pass on a 1014 that the server itself sends. WebKitGTK shows it as 1006.',
    'Reconnects with backoff and resumes: nothing is lost, nothing arrives twice. The same holds for the 1006 that it mostly looks like; ' +
      'packets do not get smaller for it. Before the first session it backs off, too.',
    'Check, in this order: is the upstream up, and does its health check pass; does it listen on the address and port that the gateway ' +
      'is configured for; does the gateway pass on Upgrade and Connection, with HTTP/1.1 to the upstream; do its timeouts for connecting and ' +
      'for idle connections (see gatewayOptions) leave enough time: more than the heartbeat of the SDK, 20 s. During a deploy, start the new server before the old one stops. ' +
      'If it comes with a reason such as "unauthorized", an application uses the code for something else: ask for 4xxx instead.',
  ],
  [
    1015,
    'TLS Handshake',
    'TLS failed. Never sent; an endpoint reports it.',
    'A certificate that ran out or does not fit the name. Most browsers report 1006.',
    RESUMES,
    'Open the https: address of the same host in the browser: it says what is wrong with the certificate.',
  ],
  [
    3000,
    'Unauthorized',
    'The endpoint needs authorization.',
    'Missing or outdated credentials.',
    ENDS_UNLESS_BIG,
    'Renew the credentials in the auth option, and in the url where they are part of it.',
  ],
  [
    3003,
    'Forbidden',
    'The endpoint is authorized, but not for this.',
    'Missing permission.',
    ENDS_UNLESS_BIG,
    'Give the user the permission, or do not connect.',
  ],
  [
    3008,
    'Timeout',
    'An operation took too long.',
    'A server that waited for a message or for an answer.',
    RESUMES,
    'If it comes often, compare the timeout of the server with the heartbeat of the client.',
  ],
  [
    CloseCode.protocolViolation,
    'Protocol Violation',
    'The other side broke the rules of this protocol; the reason names the rule.',
    'A bug in one of the two implementations, or something between that changes, drops or adds messages.',
    ENDS,
    'Look the name up in PROTOCOL.md, and report it with the versions of both sides.',
  ],
  [
    CloseCode.replaced,
    'Replaced',
    'A newer connection of the same session took over.',
    'A reconnect while the server still held the old connection: normal. On the current connection: a copy of the session, as in a duplicated tab that shares its state.',
    'Ignores it on an old connection. Ends the session when it is the current one: another holder of the session is alive.',
    'Nothing on old connections. Otherwise do not share a session between pages.',
  ],
  [
    CloseCode.unauthorized,
    'Unauthorized',
    'The function authorize of the server refused.',
    'Missing or outdated credentials in auth.',
    'Asks the auth option once more and connects again; ends when that is refused, too.',
    'Give auth as a function that returns fresh credentials.',
  ],
  [
    CloseCode.sessionRefused,
    'Session Refused',
    'The secret is wrong, or the session belongs to another identity.',
    'The user changed between two connections, or somebody else tries to take the session.',
    ENDS,
    'Start a new session after a change of user.',
  ],
  [
    CloseCode.staleConnection,
    'Stale Connection',
    'The connection number is not above the last one of the session.',
    'An old handshake arrived late, or two holders use one session.',
    'Ignores it on an old connection. Ends the session when it is the current one.',
    'Do not share a session between pages.',
  ],
  [
    CloseCode.handshakeTimeout,
    'Handshake Timeout',
    'No HELLO or no WELCOME came in time.',
    'A stalled network, or a server that is busy with authorize.',
    RESUMES,
    'Make authorize faster; check that the other side speaks this protocol.',
  ],
  [
    CloseCode.abandoned,
    'Abandoned',
    'The side that closes gave the session up.',
    'A drain or give-up timeout ran out, or the application destroyed the session.',
    ENDS,
    'Look at why it gave up: the error on its side says so.',
  ],
  [
    CloseCode.unsupportedVersion,
    'Unsupported Version',
    'The acceptor does not speak the version that HELLO asks for.',
    'A client that is newer than its server.',
    ENDS,
    'Update the server.',
  ],
  [
    CloseCode.stalled,
    'Stalled',
    'Bytes were under way and nothing got through, or a packet was lost.',
    'A dead network path, or a server that stopped reading.',
    RESUMES,
    'Nothing, when it is rare. Else look for a proxy that buffers or drops.',
  ],
  [
    CloseCode.limitTooSmall,
    'Limit Too Small',
    'The path refuses even the smallest packet of 512 bytes, or a HELLO of up to 4096.',
    'A server or gateway with a very low maximum.',
    ENDS,
    'Raise the maximum of the server or the gateway to 8 KiB or more.',
  ],
];

/** One entry for every registered code (1000 to 1015, 3000, 3003, 3008) and for every code of this protocol. */
export const closeCodeGuide: readonly CloseExplanation[] = rows.map(
  ([code, name, meaning, whenSeen, sdk, advice]): CloseExplanation => ({
    code,
    name,
    meaning,
    whenSeen,
    sdk,
    advice,
    ...(code === CloseCode.messageTooBig && { sizeOptions }),
    ...((code === CloseCode.badGateway || code === CloseCode.abnormal) && { gatewayOptions }),
  }),
);

function explainUnlisted(code: number): CloseExplanation {
  const [name, meaning, whenSeen, sdk, advice] =
    code >= 4000 && code <= 4999
      ? [
          'Application Code',
          'Private to the application (4000 to 4999).',
          'The application on the other side closed.',
          ENDS_UNLESS_BIG,
          'Look it up in the documentation of the server.',
        ]
      : code >= 3000 && code <= 3999
        ? [
            'Library Code',
            'For libraries and frameworks (3000 to 3999); this one is not registered.',
            'A library on the other side closed.',
            RESUMES,
            'Look it up in the documentation of the library.',
          ]
        : [
            'Unknown Code',
            'Not in use: 1016 to 2999 are kept for WebSocket itself, below 1000 and from 5000 on there are none.',
            'A mistake on the other side.',
            RESUMES,
            'Find out who sent it.',
          ];
  return { code, name, meaning, whenSeen, sdk, advice };
}

/** What a close means and what to do about it. Takes a `CloseEvent`, or the close of any event of this SDK. */
export function explainClose(event: { code: number; reason?: string }): CloseExplanation {
  const { code, reason } = event;
  const entry = closeCodeGuide.find((listed) => listed.code === code) ?? explainUnlisted(code);
  return reason ? { ...entry, reason } : entry;
}
