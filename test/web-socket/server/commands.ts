/** One connection, or session, as the commands see it. */
export interface Peer {
  /** Path and query that the client asked for. */
  readonly url: string;
  /** What else is known of the client: headers, subprotocols. */
  readonly info: Readonly<Record<string, unknown>>;
  onMessage(listener: (data: string | Uint8Array) => void): void;
  /** Sends these in one write, where that can be said. */
  send(messages: readonly (string | Uint8Array)[]): void;
  close(code?: number, reason?: string): void;
  /** Ends it without a word. */
  drop(): void;
  /** Reads nothing more. */
  stall(): void;
}

/** Which of the subprotocols that are offered the server takes: the first, or what the URL says. */
export function chooseProtocol(offered: readonly string[], url: string): string | undefined {
  const choice = paramsOf(url).get('protocol');
  return choice === null ? offered[0] : choice === '' ? undefined : choice;
}

/** Connections that wait for the page's word, by the name that it gave them. */
export class Commands {
  readonly #named = new Map<string, Peer>();

  /** Does what the URL of the connection asks for. */
  serve(peer: Peer): void {
    const params = paramsOf(peer.url);
    const name = params.get('name');
    if (name !== null) this.#named.set(name, peer);
    const command = new URL(peer.url, 'http://localhost').pathname.slice(1);
    const whenAsked = (action: () => void): void => {
      if (params.get('on') === 'message') peer.onMessage(action);
      else action();
    };
    switch (command) {
      case 'burst':
        whenAsked(() => {
          peer.send(burst(params));
          if (params.has('code')) peer.close(Number(params.get('code')));
        });
        break;
      case 'close':
        whenAsked(() => {
          const code = params.get('code');
          peer.close(code === null ? undefined : Number(code), params.get('reason') ?? undefined);
        });
        break;
      case 'drop':
        whenAsked(() => {
          peer.drop();
        });
        break;
      case 'stall':
        peer.stall();
        break;
      case 'info':
        peer.send([JSON.stringify({ url: peer.url, ...peer.info })]);
        break;
      case 'silent':
        break;
      default:
        peer.onMessage((data) => {
          peer.send([data]);
        });
    }
  }

  /** Drops the connection of that name. */
  drop(name: string): void {
    this.#named.get(name)?.drop();
    this.#named.delete(name);
  }
}

/** `0`, `1`, … as text or, if asked for, one byte each. */
function burst(params: URLSearchParams): (string | Uint8Array)[] {
  const isBinary = params.has('binary');
  return Array.from({ length: Number(params.get('n') ?? 1) }, (_, index) =>
    isBinary ? Uint8Array.of(index) : String(index),
  );
}

function paramsOf(url: string): URLSearchParams {
  return new URL(url, 'http://localhost').searchParams;
}
