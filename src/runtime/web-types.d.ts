/**
 * What of the web platform's types is used where there are neither DOM nor Node types. As with text-codec.d.ts nothing
 * imports this file: the projects that have the real declarations take those.
 */

interface ReadableStreamDefaultController<R> {
  enqueue(chunk: R): void;
  close(): void;
  error(reason: unknown): void;
}

interface ReadableByteStreamController extends ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> {
  readonly byobRequest: { readonly view: Uint8Array | null; respond(bytesWritten: number): void } | null;
}

interface ReadableStream<R> {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  // Keeps R in the type, as its real declaration does.
  getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: R }> };
}

// eslint-disable-next-line no-var -- a global that is also a value can only be declared so
declare var ReadableStream: new <R>(
  source: {
    readonly type?: 'bytes';
    pull(controller: ReadableByteStreamController): void | PromiseLike<void>;
    cancel(reason: unknown): void;
  },
  strategy: { readonly highWaterMark: number },
) => ReadableStream<R>;

interface Blob {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

// eslint-disable-next-line no-var -- a global that is also a value can only be declared so
declare var Blob: new (
  parts: readonly (Uint8Array<ArrayBuffer> | Blob)[],
  options?: { readonly type?: string },
) => Blob;
