/** What Node asks the page for. JSON. */
export interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

/** What the page tells Node: an answer, or something that must not happen. JSON. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly pageError: string };

type Commands = Readonly<Record<string, (args: never) => unknown>>;

/** Does what Node asks for, over a WebSocket of its own that no fault concerns. */
export function serveControl(commands: Commands): void {
  const socket = new WebSocket(`ws://${location.host}/control`);
  const tell = (reply: Reply): void => {
    socket.send(JSON.stringify(reply));
  };
  const answer = async ({ id, name, args }: Request): Promise<void> => {
    try {
      tell({ id, value: (await commands[name]?.(args as never)) ?? null });
    } catch (error) {
      tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  socket.onmessage = ({ data }) => {
    void answer(JSON.parse(data as string) as Request);
  };
  addEventListener('error', ({ message, filename, lineno }) => {
    tell({ pageError: `error: ${message} (${filename}:${lineno})` });
  });
  addEventListener('unhandledrejection', ({ reason }) => {
    tell({ pageError: `unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : reason}` });
  });
}
