/** Where a {@link byteStream} gets its bytes from. */
export interface ByteFeed {
  /** The next bytes, if there are any, with a buffer that nobody else uses. */
  read(): Uint8Array<ArrayBuffer> | undefined;
  /** Nothing more can be read, now or later. */
  readonly isAtEnd: boolean;
  /** Set when the rest will not come. */
  readonly error: Error | undefined;
  /** Calls `take`, now and after each change, until the next call. */
  follow(take: (() => void) | undefined): void;
  /** Whoever read it does not want the rest. */
  cancel(reason: unknown): void;
}

/**
 * A stream of bytes of which nothing is taken before it is asked for. Readers may bring buffers of their own
 * (`getReader({ mode: 'byob' })`) and use them again, so that nothing is left to collect, however much is read. Platforms
 * that know no such streams (WebKit before 26) get an ordinary one.
 */
export function byteStream(feed: ByteFeed): ReadableStream<Uint8Array<ArrayBuffer>> {
  /** What did not fit into the reader's buffer. */
  let rest: Uint8Array<ArrayBuffer> | undefined;
  const isAtEnd = (): boolean => rest === undefined && feed.isAtEnd;

  /** Copies what there is into the reader's buffer. */
  const fill = (view: Uint8Array): number => {
    let filled = 0;
    while (filled < view.length) {
      const part = rest ?? feed.read();
      if (part === undefined) break;
      const room = view.length - filled;
      view.set(part.subarray(0, room), filled);
      filled += Math.min(room, part.length);
      rest = part.length > room ? part.subarray(room) : undefined;
      if (rest === undefined) release(part);
    }
    return filled;
  };

  /** Between reads: whoever pipes it somewhere slow is to hear at once that the rest will not come. */
  const watch = (controller: ReadableByteStreamController): void => {
    feed.follow(() => {
      const { error } = feed;
      if (error === undefined) return;
      feed.follow(undefined);
      controller.error(error);
    });
  };

  const pull = (controller: ReadableByteStreamController): Promise<void> =>
    new Promise((resolve) => {
      feed.follow(() => {
        const { error } = feed;
        const request = controller.byobRequest;
        let isDone = true;
        if (error !== undefined) controller.error(error);
        else if (request?.view) {
          const filled = fill(request.view);
          const isOver = isAtEnd();
          if (filled > 0) request.respond(filled);
          if (isOver) close(controller);
          isDone = filled > 0 || isOver;
        } else {
          const part = rest ?? feed.read();
          rest = undefined;
          if (part !== undefined) controller.enqueue(part);
          const isOver = isAtEnd();
          if (isOver) close(controller);
          isDone = part !== undefined || isOver;
        }
        if (!isDone) return;
        if (error === undefined && !isAtEnd()) watch(controller);
        else feed.follow(undefined);
        resolve();
      });
    });

  const source = {
    start: watch,
    pull,
    cancel: (reason: unknown): void => {
      feed.follow(undefined);
      feed.cancel(reason);
    },
  };
  // Nothing is taken before it is asked for: what was taken gives its credit back.
  const strategy = { highWaterMark: 0 };
  try {
    return new ReadableStream<Uint8Array<ArrayBuffer>>({ ...source, type: 'bytes' }, strategy);
  } catch {
    return new ReadableStream<Uint8Array<ArrayBuffer>>(source, strategy);
  }
}

function close(controller: ReadableByteStreamController): void {
  try {
    controller.close();
    // With this a read into a buffer of the reader's learns of it (ReadableByteStreamControllerRespondInClosedState).
    controller.byobRequest?.respond(0);
  } catch {
    // A reader of larger units has part of one: it has heard of that.
  }
}

/** Frees the memory now, where the engine can (ES2024): V8 lets some 64 MiB of buffers pile up before it collects any. */
function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  (buffer as { transfer?(length: number): unknown }).transfer?.(0);
}
