/* global location -- of the page or the worker */

/** Sends more than any packet holds, and tells the server whether the same came back. */
export async function echo(ChunkSocket, page) {
  const report = (result) => fetch('/report', { method: 'POST', body: JSON.stringify({ page, ...result }) });
  try {
    const bytes = new Uint8Array(200_000).map((_, index) => index * 7);
    const socket = new ChunkSocket(new URL('/', location.href));
    const echoed = new Promise((resolve) => socket.once('message', ({ data }) => resolve(new Uint8Array(data))));
    await socket.send(bytes).delivered;
    const answer = await echoed;
    const isSame = answer.length === bytes.length && answer.every((byte, index) => byte === bytes[index]);
    await socket.close();
    await report({ isSame });
  } catch (error) {
    await report({ error: String(error) });
  }
}
