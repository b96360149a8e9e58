import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

// Only a part of the file is in memory at a time; `crypto.subtle` would take it as a whole.
addEventListener('message', ({ data: file }: MessageEvent<Blob>) => {
  const hash = sha256.create();
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => {
      hash.update(chunk);
    },
  });
  file
    .stream()
    .pipeTo(sink)
    .then(
      () => {
        postMessage(bytesToHex(hash.digest()));
      },
      (error: unknown) => {
        reportError(error);
      },
    );
});
