import { ChunkSocket } from 'chunksocket';
import type {
  ChunkSocketEvents,
  ChunkSocketOptions,
  ConnectionContext,
  MessageEvent,
  SendData,
  SendOptions,
  Status,
  Transfer,
} from 'chunksocket';
import { useCallback, useEffectEvent, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';

/** Options of {@link useChunkSocket}: those of the socket, and who hears of what happens. */
export interface UseChunkSocketOptions extends Omit<ChunkSocketOptions<'arraybuffer'>, 'auth' | 'shouldRetry'> {
  /** Asked for each connection. */
  readonly auth?: (context: ConnectionContext) => unknown;
  readonly onMessage?: (message: MessageEvent<ArrayBuffer>) => void;
  /** The socket is closed for good, and not because the component went away. */
  readonly onClose?: (close: ChunkSocketEvents['close']) => void;
}

/** What a component gets. */
export interface UseChunkSocketResult {
  readonly status: Status;
  /** Sends one message, now or when there is a connection. The same function as long as the component lives. */
  readonly send: (data: SendData, options?: SendOptions) => Transfer;
  /** For `stats()` and events that the hook does not know. Another one when `url` or an option has changed. */
  readonly socket: ChunkSocket | undefined;
}

/**
 * A socket that lives as long as the component. Another one takes its place when `url` or an option has another value;
 * `auth`, `onMessage` and `onClose` may be new functions in each render, the newest one is called.
 */
export function useChunkSocket(url: string, options: UseChunkSocketOptions = {}): UseChunkSocketResult {
  const { auth, onMessage, onClose, ...values } = options;
  const [socket, setSocket] = useState<ChunkSocket>();
  const current = useRef<ChunkSocket>(undefined);

  const askAuth = useEffectEvent((context: ConnectionContext) => auth?.(context));
  const handleMessage = useEffectEvent((message: MessageEvent<ArrayBuffer>) => onMessage?.(message));
  const handleClose = useEffectEvent((close: ChunkSocketEvents['close']) => onClose?.(close));
  const open = useEffectEvent(
    () => new ChunkSocket(url, { ...values, ...(auth && { auth: (context: ConnectionContext) => askAuth(context) }) }),
  );

  // By value: an object that is written in place is another one in each render.
  const identity = JSON.stringify([url, values, auth !== undefined]);
  // Not useEffect: the effects of children come before it, and may want to send.
  useLayoutEffect(() => {
    const opened = open();
    current.current = opened;
    setSocket(opened);
    // A socket that is closing still hands out what comes in. That is taken, and not shown any more.
    const isCurrent = (): boolean => current.current === opened;
    opened.on('message', (message) => {
      if (isCurrent()) handleMessage(message);
    });
    opened.on('close', (close) => {
      if (isCurrent()) handleClose(close);
    });
    return () => {
      current.current = undefined;
      // Finishes what was sent, in the background.
      void opened.close();
    };
  }, [identity]);

  const status = useSyncExternalStore(
    useCallback((onChange) => socket?.on('status', onChange) ?? (() => undefined), [socket]),
    () => socket?.status ?? 'connecting',
    () => 'connecting' as const,
  );
  const send = useCallback((data: SendData, sendOptions?: SendOptions) => {
    if (current.current === undefined) throw new Error('A component that is not mounted has no socket to send with.');
    return current.current.send(data, sendOptions);
  }, []);
  return { status, send, socket };
}
